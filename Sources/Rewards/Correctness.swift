/// When a reward says that a completion is right: when it is 1 or more, but for rounding.
///
/// What adds up to 1 is right however it is added: six sixths are 1 − 2⁻⁵³ in `Double`. Accuracy,
/// pass@k and maj@k, `until_accuracy` and what is called correct elsewhere all ask here.
public enum Correctness {
  /// What the sum of 1,023 shares of 1/n may miss 1 by.
  ///
  /// A share is rounded by 2⁻⁵⁴/n at most for n above 1, and each of the sums, none above 1, by
  /// 2⁻⁵⁴; twice that for all n is 2¹⁰ · 2⁻⁵³.
  public static let tolerance = 512 * Double.ulpOfOne

  /// Whether `reward` calls a completion right; one that has no reward is not.
  public static func isCorrect(_ reward: Double?) -> Bool {
    reward.map { $0 >= 1 - tolerance } ?? false
  }
}

/// The probability that at least one of k samples is correct, estimated without bias from n ≥ k.
///
///     pass@k = 1 − C(n − c, k)/C(n, k) = 1 − Π_{i = n−c+1…n} (1 − k/i)
///
/// n samples of one question, c of them correct. Chen et al. 2021, eq. 1
/// (<https://arxiv.org/abs/2107.03374>). Over several questions it is the mean of theirs. Taking
/// the best of the first k samples instead agrees only for k = n; drawing k with replacement is
/// biased downward.
///
/// Edge cases: c = 0 gives exactly 0; n − c < k gives exactly 1, as every choice of k then holds a
/// correct sample.
public enum PassAtK {
  /// pass@k of one question.
  ///
  /// - Throws: `StatisticsError` unless 1 ≤ k ≤ samples and 0 ≤ correct ≤ samples.
  /// - Complexity: O(correct).
  public static func estimate(samples: Int, correct: Int, k: Int) throws(StatisticsError) -> Double
  {
    try StatisticsError.check(k: k, samples: samples)
    guard 0 <= correct, correct <= samples else {
      throw StatisticsError(
        "correct: is out of range (got \(correct); need 0 to \(samples))")
    }
    guard samples - correct >= k else { return 1 }
    var allWrong = 1.0
    for i in (samples - correct + 1)..<(samples + 1) {
      allWrong *= 1 - Double(k) / Double(i)
    }
    return 1 - allWrong
  }
}

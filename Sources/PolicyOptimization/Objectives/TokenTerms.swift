/// What an objective makes of each token, for display; updates do not read it.
///
/// Shapes: every array: [T], as in the batch.
public struct TokenTerms: Sendable, Equatable {
  /// Whether the token's advantage counts.
  public var isInPolicyTerm: [Bool]
  /// The importance ratio of the token, or of its completion; 1 where the token is masked.
  public var ratio: [Double]
  /// Whether all tokens of a completion have the same ratio, that of the completion.
  public var sharesRatio: Bool
  /// Whether a bound is active on what the token adds to the policy term: a clip that takes its
  /// gradient away, or one that its weight has reached.
  public var isClipped: [Bool]
  /// The token's term of the penalty to the reference, before β, in nats; nil for no penalty.
  public var klReference: [Double]?
  /// The token's term of the penalty to π_old, before β, in nats; nil for no penalty.
  public var klOld: [Double]?

  /// Creates the terms of a batch's tokens.
  public init(
    isInPolicyTerm: [Bool], ratio: [Double], sharesRatio: Bool = false, isClipped: [Bool],
    klReference: [Double]? = nil, klOld: [Double]? = nil
  ) {
    self.sharesRatio = sharesRatio
    (self.isInPolicyTerm, self.ratio, self.isClipped) = (isInPolicyTerm, ratio, isClipped)
    (self.klReference, self.klOld) = (klReference, klOld)
  }
}

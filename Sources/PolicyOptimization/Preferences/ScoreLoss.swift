/// The squared error of a reward model on given scores.
///
///     loss = 1/n Σ (r − s)²
public struct ScoreLoss: Sendable {
  /// Creates the loss, which has no parameters.
  public init() {}

  /// The loss, and ∂loss/∂r of each reward; no score gives loss 0.
  ///
  /// Shapes: rewards, scores, dReward: [scores].
  public func callAsFunction(
    rewards: [Double], scores: [Double]
  ) -> (loss: Double, dReward: [Double]) {
    precondition(rewards.count == scores.count)
    let n = Double(max(1, rewards.count))
    let errors = zip(rewards, scores).map { $0 - $1 }
    return (errors.reduce(0) { $0 + $1 * $1 } / n, errors.map { 2 * $0 / n })
  }
}

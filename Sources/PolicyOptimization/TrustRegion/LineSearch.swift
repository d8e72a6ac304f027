/// The ever smaller steps of a line search, tried in turn until one is accepted.
///
///     α = α₀, α₀·s, α₀·s², …   n of them
///
/// The line search of lectures on policy optimization: begin with a large step and decrease it until
/// the new loss is below the old one. With α₀ = 1 and an acceptance that asks for improvement and a
/// bounded KL it is TRPO's backtracking.
public struct LineSearch: Sendable, Equatable {
  /// α₀ > 0.
  public var initialStep: Double
  /// s, 0 < s < 1.
  public var shrinkFactor: Double
  /// n ≥ 1.
  public var maximumTrials: Int

  /// Creates a search; by default ten steps 1, ½, ¼, ….
  ///
  /// - Precondition: the first step is positive and finite, 0 < `shrinkFactor` < 1, and there is at
  ///   least one trial.
  public init(initialStep: Double = 1, shrinkFactor: Double = 0.5, maximumTrials: Int = 10) {
    precondition(initialStep > 0 && initialStep.isFinite)
    precondition(0 < shrinkFactor && shrinkFactor < 1 && maximumTrials >= 1)
    (self.initialStep, self.shrinkFactor) = (initialStep, shrinkFactor)
    self.maximumTrials = maximumTrials
  }

  /// α₀, α₀·s, α₀·s², …: the steps in the order in which they are tried.
  public var steps: [Double] {
    var steps = [initialStep]
    while steps.count < maximumTrials { steps.append(steps[steps.count - 1] * shrinkFactor) }
    return steps
  }
}

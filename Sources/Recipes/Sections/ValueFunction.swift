public import PolicyOptimization

extension Recipe {
  /// What estimates V(s): a scalar head on a transformer: `value`.
  public struct ValueFunction: Sendable, Equatable {
    /// The transformer under the head: `model`.
    public enum Trunk: String, Sendable, CaseIterable {
      /// One of its own, a copy of the first policy, fitted after each policy update.
      case own
      /// The policy's, trained by both losses in one update.
      case policy
    }

    /// The transformer under the head: `model`.
    public var trunk = Trunk.own
    /// What the head is fitted to: `target`.
    public var target = ValueTarget.rewardsToGo
    /// The learning rate of head and own transformer, above 0 and at most 1: `learning_rate`.
    public var learningRate = 1e-3
    /// Times that a step's completions are gone through, 1 to 1000: `epochs`; own transformers
    /// only.
    public var epochs = 4
    /// How far V may move from what it was before it stops counting, above 0: `clip`.
    ///
    /// By default it may move freely. PPO's code bounds it by 0.2.
    public var clip: Double?
    /// Weight of the value loss beside the policy's, above 0 and at most 1000: `coefficient`; on
    /// the policy's transformer only.
    public var coefficient = 0.5

    public init() {}
  }
}

extension Recipe.ValueFunction: Section {
  mutating func declare(_ fields: Fields) {
    fields("model", &trunk, .choice)
    fields("target", &target, .choice)
    fields("learning_rate", &learningRate, .number(above: 0, through: 1))
    fields(
      "epochs", &epochs, .integer(1...1000), when: trunk == .own,
      else: "has no effect with model policy, which is fitted in the policy's updates")
    fields("clip", &clip, .number(above: 0, through: 1e6))
    fields(
      "coefficient", &coefficient, .number(above: 0, through: 1000), when: trunk == .policy,
      else: "has no effect with model own, which has updates of its own")
  }
}

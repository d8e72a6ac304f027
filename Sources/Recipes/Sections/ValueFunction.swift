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
    /// The learning rate of head and own transformer: `learning_rate`.
    public var learningRate = 1e-3
    /// Times that a step's completions are gone through: `epochs`; own transformers only.
    public var epochs = 4
    /// How far V may move from what it was before it stops counting: `clip`.
    ///
    /// By default it may move freely. PPO's code bounds it by 0.2.
    public var clip: Double?
    /// Weight of the value loss beside the policy's: `coefficient`; on the policy's transformer
    /// only.
    public var coefficient = 0.5

    /// Creates a value function with every key at its default.
    public init() {}
  }
}

extension Recipe.ValueFunction: Section {
  mutating func declare(_ fields: Fields) {
    fields(
      "model", &trunk, .choice,
      "The transformer under the value head: `own`, a copy of the first policy that is fitted after "
        + "each policy update, or `policy`, the policy itself, trained by both losses at once.")
    fields(
      "target", &target, .choice,
      "What the head is fitted to: `rewards-to-go`, the rewards that followed, or "
        + "`lambda-returns`, GAE's advantage plus the old value.")
    fields(
      "learning_rate", &learningRate, .number(above: 0, through: 1),
      "The learning rate of the head and of its own transformer.")
    fields(
      "epochs", &epochs, .integer(1...1000), "Passes over a step's completions.",
      when: .key("model", trunk, is: .own),
      because: "which is trained in the policy's updates")
    fields(
      "clip", &clip, .number(above: 0, through: 1e6),
      "Bounds how far the value may move from its old value; PPO's code uses 0.2.",
      default: "no bound", also: ["cliprange_value"])
    fields(
      "coefficient", &coefficient, .number(above: 0, through: 1000),
      "The weight of the value loss beside the policy's loss.", also: ["vf_coef"],
      when: .key("model", trunk, is: .policy), because: "which has updates of its own")
  }
}

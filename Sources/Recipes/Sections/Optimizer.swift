public import PolicyOptimization

extension Recipe {
  /// AdamW with gradient clipping and a learning rate that changes over the updates.
  public struct Optimizer: Sendable, Equatable {
    /// The highest learning rate: `learning_rate`.
    ///
    /// Required. For policies of a million parameters 1e-3 is usual in a warm start and 1e-4 in
    /// reinforcement.
    public var learningRate = 0.0
    /// What the learning rate does after the warm-up: `lr_scheduler_type`.
    ///
    /// `constant` is transformers' `constant_with_warmup`; its own `constant` ignores `warmup_steps`.
    public var decay = LearningRateSchedule.Decay.constant
    /// Updates over which the learning rate rises to its highest: `warmup_steps`.
    ///
    /// As in transformers these are optimizer updates, of which a step of reinforcement makes
    /// `num_iterations`.
    public var warmupUpdates = 0
    /// The lowest learning rate as a part of the highest: `min_lr_ratio`.
    ///
    /// No effect with a constant rate.
    public var lowestRateRatio = 0.0
    /// Decay of the weight matrices, not of the norms' gains: `weight_decay`.
    ///
    /// 0 to 0.1 are usual.
    public var weightDecay = 0.0
    /// Memory of the gradients' mean: `adam_beta1`.
    public var beta1 = 0.9
    /// Memory of the gradients' squares: `adam_beta2`.
    ///
    /// 0.95 to 0.999 are usual.
    public var beta2 = 0.999
    /// What Adam adds to the root of the squares: `adam_epsilon`.
    public var epsilon = 1e-8
    /// The gradient's largest norm; longer ones are shortened to it.
    ///
    /// 0 to 10⁶, where 0 clips nothing: `max_grad_norm`.
    public var maximumGradientNorm = 1.0

    /// Creates an optimizer with every key at its default; the learning rate must be set.
    public init() {}
  }
}

extension Recipe.Optimizer {
  /// Declares the optimizer's keys, which stand among those of the section that uses it.
  mutating func declare(_ fields: Fields) {
    fields(
      "learning_rate", &learningRate, .number(above: 0, through: 1),
      "The highest learning rate of AdamW. Usual for a policy of a million parameters: 1e-3 in a "
        + "warm start, 1e-4 in reinforcement learning.", .required)
    fields(
      "lr_scheduler_type", &decay, .choice,
      "How the learning rate falls after the warm-up. `constant` is transformers' "
        + "constant_with_warmup.")
    fields(
      "warmup_steps", &warmupUpdates, .integer(0...1_000_000_000),
      "Updates over which the learning rate rises from 0. A step of train makes num_iterations × "
        + "num_mini_batches updates.")
    fields(
      "min_lr_ratio", &lowestRateRatio, .number(0...1),
      "The lowest learning rate, as a fraction of the highest. No effect with "
        + "lr_scheduler_type constant.", also: ["min_lr_rate"])
    fields(
      "weight_decay", &weightDecay, .number(0...10),
      "Weight decay of the matrices, not of the norms' gains. Usual: 0 to 0.1.")
    fields("adam_beta1", &beta1, .number(0..<1), "Decay of Adam's mean of the gradients.")
    fields(
      "adam_beta2", &beta2, .number(0..<1),
      "Decay of Adam's mean of the squared gradients. Usual: 0.95 to 0.999.")
    fields(
      "adam_epsilon", &epsilon, .number(1e-30...1),
      "Added to the square root of the mean of squares.")
    fields(
      "max_grad_norm", &maximumGradientNorm, .number(0...1e6),
      "The largest norm of the gradient; a longer one is scaled down to it. 0 clips nothing.")
    if fields.isReading && decay == .constant && lowestRateRatio != 0 {
      fields.warn("min_lr_ratio", "has no effect with lr_scheduler_type constant")
    }
  }

  /// Warns of a warm-up that no update comes after.
  func compare(withUpdates count: Int, _ fields: Fields) {
    if warmupUpdates >= count && warmupUpdates > 0 {
      fields.warn(
        "warmup_steps",
        "never reaches the full learning rate (got \(warmupUpdates); need less than "
          + "\(count), the number of updates)")
    }
  }
}

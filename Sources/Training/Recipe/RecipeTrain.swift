extension Recipe {
  /// Reinforcement in TRL's terms, with the outer loop of DeepSeekMath's algorithm 1: `train`.
  ///
  ///     for each of outer_iterations: reference ← policy
  ///       for each of steps_per_iteration: draw num_generations completions for each of
  ///         questions_per_step questions; score them; num_iterations updates
  public struct Train: Sendable, Equatable {
    /// The combination of axes to start from; keys of the recipe override single ones:
    /// `algorithm`.
    public var algorithm: Algorithm

    // MARK: Sampling

    /// Questions in a step, 1 to 65536: `questions_per_step`.
    ///
    /// Required.
    public var questionsPerStep = 0
    /// Completions of each question, 2 to 4096: `num_generations`, G.
    ///
    /// 8 to 64 are usual.
    public var completionsPerQuestion = 8
    /// Tokens a completion may have, end-of-sequence token included, 1 to 65534:
    /// `max_completion_length`.
    ///
    /// Required.
    public var maxCompletionTokens = 0
    /// Divides the logits, in sampling and in training, 0.001 to 100: `temperature`.
    public var temperature = 1.0
    /// Draws from the so many most probable tokens only, 0 (from all) to 1,000,000: `top_k`.
    public var topK = 0
    /// Draws from the fewest tokens that have this probability together, above 0 and at most 1:
    /// `top_p`.
    public var topP = 1.0
    /// Draws from tokens at least this probable relative to the most probable one, 0 to 1:
    /// `min_p`.
    public var minP = 0.0
    /// Texts that end a completion, 0 to 64 of them: `stop`.
    ///
    /// The end-of-sequence token always does.
    public var stop: [String] = []

    // MARK: The loop

    /// Times that the reference policy is set to the current one, 1 to 1,000,000:
    /// `outer_iterations`, I.
    public var outerIterations = 1
    /// Steps after each of them, 1 to 10⁹: `steps_per_iteration`, M.
    ///
    /// Required.
    public var stepsPerIteration = 0
    /// Steps in all, 1 to the product of the two above: `steps`.
    ///
    /// Fewer end the run early. By default all.
    public var steps: Int?
    /// Updates made with the completions of one step, 1 to 1000: `num_iterations`, μ.
    public var updatesPerStep = 1

    // MARK: The objective

    /// How rewards of a question's completions become advantages: `advantage` with the key that
    /// belongs to it.
    public var advantage: Advantage
    /// Weight of the KL divergence from the reference policy, 0 to 100: `beta`, the default
    /// DeepSeekMath's.
    ///
    /// 0 (no reference policy at all) to 0.1 are usual.
    public var beta = 0.04
    /// Whether each token's KL is weighted by its ratio: `use_bias_correction_kl`.
    ///
    /// TRL does so by default; our default is DeepSeekMath's plain k3.
    public var weightsKLByRatio = false
    /// How far the ratio may fall below 1 before clipping, above 0 and below 1: `epsilon`.
    ///
    /// 0.1 to 0.3 are usual.
    public var epsilon = 0.2
    /// How far the ratio may rise above 1, above 0 and at most 100: `epsilon_high`.
    ///
    /// By default `epsilon`; 0.28 (DAPO) leaves unlikely tokens room to grow.
    public var epsilonHigh: Double?
    /// Whether completions cut off by the length are left out of the update:
    /// `mask_truncated_completions`.
    public var masksTruncatedCompletions = false
    /// The learning rate and all else about updates; its keys stand beside these.
    public var optimizer = Optimizer()

    // MARK: Keeping and showing

    /// Steps between two checkpoints, 0 (only at the end, and when stopped) to 10⁹:
    /// `checkpoint_steps`.
    public var checkpointSteps = 100
    /// Checkpoints kept, the latest ones, 1 to 1,000,000: `save_total_limit`.
    public var keptCheckpoints = 2
    /// Completions shown at each report of progress, 0 to 1000: `num_completions_to_print`.
    public var shownCompletions = 2
    /// Whether `completions.jsonl` has token ids beside the text: `log_completion_ids`.
    public var logsTokenIDs = false
    /// Memory for activations that sampling leaves to training, 0 (recompute them) to 1,048,576:
    /// `activation_memory_megabytes`.
    ///
    /// It changes speed only.
    public var activationMemoryMegabytes = 1024

    /// The defaults with the axes of a preset.
    public init(algorithm: Algorithm) {
      self.algorithm = algorithm
      advantage = algorithm.advantage
    }

    public init() { self.init(algorithm: .grpo) }

    /// The band in which the ratio is not clipped.
    public var clipRange: ClosedRange<Double> { (1 - epsilon)...(1 + (epsilonHigh ?? epsilon)) }

    /// The steps of the whole run.
    public var totalSteps: Int { steps ?? outerIterations * stepsPerIteration }

    /// The optimizer's updates in the whole run.
    public var totalUpdates: Int { totalSteps * updatesPerStep }
  }

  /// A named combination of axes.
  public enum Algorithm: String, Sendable, CaseIterable {
    /// DeepSeekMath's GRPO: advantages from the group's mean and standard deviation, clipped
    /// ratios, KL in the loss, the mean over each completion's tokens.
    case grpo
    /// The same with softmax-relative advantages, of scale 1.
    case grpoSoftmax = "grpo-softmax"

    /// The advantages that the preset stands for.
    public var advantage: Advantage {
      switch self {
      case .grpo: .group(scale: .group)
      case .grpoSoftmax: .softmax(beta: 1)
      }
    }
  }

  /// How the rewards R₁…R_G of a question's completions become advantages.
  public enum Advantage: Sendable, Equatable {
    /// The distance from the group's mean, scaled as `scale_rewards` says: `group`.
    case group(scale: RewardScale)
    /// exp(βRᵢ) / Σⱼ exp(βRⱼ) − 1/G with β above 0 and at most 1000, `advantage_beta`: `softmax`.
    ///
    /// For small β it is β/G times the distance from the mean, and wants a higher learning rate.
    case softmax(beta: Double)
  }

  /// What distances from a group's mean reward are divided by: `scale_rewards`.
  public enum RewardScale: String, Sendable, CaseIterable {
    /// The group's standard deviation.
    case group
    /// Nothing.
    case none
  }
}

extension Recipe.Train: RecipeSection {
  mutating func declare(_ fields: RecipeFields) {
    fields("algorithm", &algorithm, .choice)
    if fields.isReading { advantage = algorithm.advantage }
    fields("questions_per_step", &questionsPerStep, .integer(1...65536), .required)
    fields("num_generations", &completionsPerQuestion, .integer(2...4096))
    fields("max_completion_length", &maxCompletionTokens, .integer(1...65534), .required)
    fields("temperature", &temperature, .number(0.001...100))
    fields("top_k", &topK, .integer(0...1_000_000))
    fields("top_p", &topP, .number(above: 0, through: 1))
    fields("min_p", &minP, .number(0...1))
    fields("stop", &stop, .list(of: .text, count: 0...64))
    fields("outer_iterations", &outerIterations, .integer(1...1_000_000))
    fields("steps_per_iteration", &stepsPerIteration, .integer(1...1_000_000_000), .required)
    fields("steps", &steps, .integer(1...))
    fields("num_iterations", &updatesPerStep, .integer(1...1000))
    advantage.declare(fields)
    fields("beta", &beta, .number(0...100))
    fields("use_bias_correction_kl", &weightsKLByRatio, .flag)
    fields("epsilon", &epsilon, .number(above: 0, below: 1))
    if fields.isReading { epsilonHigh = epsilon }
    fields("epsilon_high", &epsilonHigh, .number(above: 0, through: 100))
    fields("mask_truncated_completions", &masksTruncatedCompletions, .flag)
    optimizer.declare(fields)
    fields("checkpoint_steps", &checkpointSteps, .integer(0...1_000_000_000))
    fields("save_total_limit", &keptCheckpoints, .integer(1...1_000_000))
    fields("num_completions_to_print", &shownCompletions, .integer(0...1000))
    fields("log_completion_ids", &logsTokenIDs, .flag)
    fields("activation_memory_megabytes", &activationMemoryMegabytes, .integer(0...1_048_576))
    if fields.isSound { compare(fields) }
  }

  private func compare(_ fields: RecipeFields) {
    let most = outerIterations * stepsPerIteration
    if let steps, steps > most {
      return fields.fail(
        "steps",
        "is more than outer_iterations × steps_per_iteration (got \(steps); need at most \(most))")
    }
    optimizer.compare(withUpdates: totalUpdates, fields)
    if updatesPerStep == 1 {
      for key in ["epsilon", "epsilon_high"] where fields.has(key) && clipRange != Self().clipRange
      {
        fields.warn(key, "has no effect with num_iterations 1, where the ratio is always 1")
      }
    }
    if beta == 0 && weightsKLByRatio {
      fields.warn("use_bias_correction_kl", "has no effect with beta 0")
    }
  }
}

extension Recipe.Advantage {
  private enum Kind: String, CaseIterable { case group, softmax }

  /// Declares the key that chooses, and the one key that has an effect with the choice.
  mutating func declare(_ fields: RecipeFields) {
    var kind = if case .group = self { Kind.group } else { Kind.softmax }
    fields("advantage", &kind, .choice)
    switch kind {
    case .group:
      var scale = if case .group(let scale) = self { scale } else { Recipe.RewardScale.group }
      fields("scale_rewards", &scale, .choice)
      fields.refuse("advantage_beta", because: "has no effect with advantage group (need softmax)")
      self = .group(scale: scale)
    case .softmax:
      var beta = if case .softmax(let beta) = self { beta } else { 1.0 }
      fields("advantage_beta", &beta, .number(above: 0, through: 1000))
      fields.refuse("scale_rewards", because: "has no effect with advantage softmax (need group)")
      self = .softmax(beta: beta)
    }
  }
}

package import PolicyOptimization

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
    /// Parts in which a step's questions are drawn, each scored while the next one is, 1 to 1024:
    /// `scoring_parts`.
    ///
    /// More than one pays where scoring takes long. No result depends on it; activations are
    /// computed again for the update, and every token is then compared with the sampler's.
    public var scoringParts = 1

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

    // MARK: The algorithm

    /// What the algorithm is made of: the preset's axes, and what the recipe changes of them.
    public var axes = Axes()
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

    /// The defaults with the axes of a preset, for completions of at most `maxCompletionTokens`.
    public init(algorithm: Algorithm, maxCompletionTokens: Int) {
      self.algorithm = algorithm
      self.maxCompletionTokens = maxCompletionTokens
      axes = algorithm.axes(maxCompletionTokens: maxCompletionTokens)
    }

    public init() { self.init(algorithm: .grpo, maxCompletionTokens: 0) }

    /// The steps of the whole run.
    public var totalSteps: Int { steps ?? outerIterations * stepsPerIteration }

    /// What is added to the rewards; nil for nothing.
    package var rewardShaping: RewardShaping? {
      axes.shaping.rewards(maxCompletionTokens: maxCompletionTokens)
    }

    /// The optimizer's updates in the whole run.
    public var totalUpdates: Int { totalSteps * axes.updatesPerStep }
  }
}

extension Recipe.Train: Section {
  mutating func declare(_ fields: Fields) {
    fields("algorithm", &algorithm, .choice)
    fields("questions_per_step", &questionsPerStep, .integer(1...65536), .required)
    fields("num_generations", &completionsPerQuestion, .integer(1...4096))
    fields("max_completion_length", &maxCompletionTokens, .integer(1...65534), .required)
    if fields.isReading { axes = algorithm.axes(maxCompletionTokens: maxCompletionTokens) }
    fields("temperature", &temperature, .temperature)
    fields("top_k", &topK, .integer(0...1_000_000))
    fields("top_p", &topP, .number(above: 0, through: 1))
    fields("min_p", &minP, .number(0...1))
    fields("stop", &stop, .list(of: .text, count: 0...64))
    fields("scoring_parts", &scoringParts, .integer(1...1024))
    fields("outer_iterations", &outerIterations, .integer(1...1_000_000))
    fields("steps_per_iteration", &stepsPerIteration, .integer(1...1_000_000_000), .required)
    fields("steps", &steps, .integer(1...))
    axes.declare(
      fields, maxCompletionTokens: maxCompletionTokens,
      length: (iteration: stepsPerIteration, run: totalSteps))
    fields.group(
      when: axes.update == .adam, else: "has no effect with update \(axes.update.name)"
    ) { optimizer.declare(fields) }
    fields("checkpoint_steps", &checkpointSteps, .integer(0...1_000_000_000))
    fields("save_total_limit", &keptCheckpoints, .integer(1...1_000_000))
    fields("num_completions_to_print", &shownCompletions, .integer(0...1000))
    fields("log_completion_ids", &logsTokenIDs, .flag)
    fields("activation_memory_megabytes", &activationMemoryMegabytes, .integer(0...1_048_576))
    if fields.isReading, axes.reference != .reset,
      fields.isOverruled("outer_iterations", by: ["reference"])
    {
      joinIterations(fields)
    }
    if fields.isSound { compare(fields) }
  }

  /// Makes one iteration of all, for a reference policy that was chosen over the file's and that
  /// iterations do not reset.
  private mutating func joinIterations(_ fields: Fields) {
    guard outerIterations > 1 else { return }
    let (steps, overflows) = outerIterations.multipliedReportingOverflow(by: stepsPerIteration)
    guard !overflows, steps <= 1_000_000_000 else { return }
    fields.warn(
      "outer_iterations",
      "makes one iteration of \(steps) steps with reference \(axes.reference.name)")
    (outerIterations, stepsPerIteration) = (1, steps)
  }

  private func compare(_ fields: Fields) {
    let most = outerIterations * stepsPerIteration
    if let steps, steps > most {
      return fields.fail(
        "steps",
        "is more than outer_iterations × steps_per_iteration (got \(steps); need at most \(most), or "
          + "a larger train.outer_iterations)")
    }
    if axes.update == .adam { optimizer.compare(withUpdates: totalUpdates, fields) }
    if axes.advantage.estimator.comparesGroups && completionsPerQuestion == 1 {
      fields.fail(
        "num_generations",
        "leaves nothing to compare (got 1; need 2 or more with advantage \(axes.advantage.name))")
    }
    if topK == 1 {
      fields.warnWithoutEffect(
        ["top_p", "min_p", "entropy_coef"],
        "with top_k 1, which leaves one token to choose from")
    }
    if axes.miniBatches > questionsPerStep {
      fields.fail(
        "num_mini_batches",
        "is more than questions_per_step (got \(axes.miniBatches); need at most "
          + "\(questionsPerStep))")
    }
    if axes.reference != .reset, outerIterations > 1 {
      fields.fail(
        "outer_iterations",
        "has no effect with reference \(axes.reference.name) (got \(outerIterations); need 1)")
    }
    if axes.reference != .reset, !axes.needs(of: axes.objective).includeReference {
      fields.failWithoutEffect(
        "reference", "has no effect without a KL penalty to the reference policy")
    }
  }
}

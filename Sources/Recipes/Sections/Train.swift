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

    /// Questions in a step: `questions_per_step`.
    ///
    /// Required.
    public var questionsPerStep = 0
    /// Completions of each question: `num_generations`, G.
    ///
    /// 8 to 64 are usual.
    public var completionsPerQuestion = 8
    /// Tokens a completion may have, end-of-sequence token included: `max_completion_length`.
    ///
    /// Required.
    public var maxCompletionTokens = 0
    /// Divides the logits, in sampling and in training: `temperature`.
    public var temperature = 1.0
    /// Draws from the so many most probable tokens only: `top_k`.
    public var topK = 0
    /// Draws from the fewest tokens that have this probability together: `top_p`.
    public var topP = 1.0
    /// Draws from tokens at least this probable relative to the most probable one: `min_p`.
    public var minP = 0.0
    /// Texts that end a completion: `stop`.
    ///
    /// The end-of-sequence token always does.
    public var stop: [String] = []
    /// Parts in which a step's questions are drawn, each scored while the next one is:
    /// `scoring_parts`.
    ///
    /// More than one pays where scoring takes long. No result depends on it; activations are
    /// computed again for the update, and every token is then compared with the sampler's.
    public var scoringParts = 1

    // MARK: The loop

    /// Times that the reference policy is set to the current one: `outer_iterations`, I.
    public var outerIterations = 1
    /// Steps after each of them: `steps_per_iteration`, M.
    ///
    /// Required.
    public var stepsPerIteration = 0
    /// Steps in all: `steps`.
    ///
    /// Fewer end the run early. By default all.
    public var steps: Int?

    // MARK: The algorithm

    /// What the algorithm is made of: the preset's axes, and what the recipe changes of them.
    public var axes = Axes()
    /// The learning rate and all else about updates; its keys stand beside these.
    public var optimizer = Optimizer()

    // MARK: Keeping and showing

    /// Steps between two checkpoints: `checkpoint_steps`.
    public var checkpointSteps = 100
    /// Checkpoints kept, the latest ones: `save_total_limit`.
    public var keptCheckpoints = 2
    /// Completions shown at each report of progress: `num_completions_to_print`.
    public var shownCompletions = 2
    /// Whether `completions.jsonl` has token ids beside the text: `log_completion_ids`.
    public var logsTokenIDs = false
    /// Memory for activations that sampling leaves to training: `activation_memory_megabytes`.
    ///
    /// It changes speed only.
    public var activationMemoryMegabytes = 1024

    /// The defaults with the axes of a preset, for completions of at most `maxCompletionTokens`.
    public init(algorithm: Algorithm, maxCompletionTokens: Int) {
      self.algorithm = algorithm
      self.maxCompletionTokens = maxCompletionTokens
      axes = algorithm.axes(maxCompletionTokens: maxCompletionTokens)
    }

    /// Creates a training section for `grpo`; the length of completions must be set.
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
    fields(
      "algorithm", &algorithm, .choice,
      "The algorithm: it sets the defaults of the keys below. `grpo algorithms` explains each.",
      also: ["loss_type"])
    fields(
      "questions_per_step", &questionsPerStep, .integer(1...65536),
      "Questions per step. TRL counts their completions instead: divide by num_generations.",
      .required, also: ["generation_batch_size", "per_device_train_batch_size"])
    fields(
      "num_generations", &completionsPerQuestion, .integer(1...4096),
      "G: completions of each question. Usual: 8 to 64. Algorithms that compare completions need 2 "
        + "or more.")
    fields(
      "max_completion_length", &maxCompletionTokens, .integer(1...65534),
      "The most tokens of a completion, end-of-sequence token included.", .required,
      also: ["response_length", "max_new_tokens"])
    if fields.isReading { axes = algorithm.axes(maxCompletionTokens: maxCompletionTokens) }
    fields(
      "temperature", &temperature, .temperature,
      "Divides the logits, in sampling and in training.")
    fields(
      "top_k", &topK, .integer(0...1_000_000),
      "Samples from the so many most probable tokens only; 0 samples from all.")
    fields(
      "top_p", &topP, .number(above: 0, through: 1),
      "Samples from the fewest tokens that together have this probability.")
    fields(
      "min_p", &minP, .number(0...1),
      "Samples from tokens whose probability is at least this fraction of the most probable one's.")
    fields(
      "stop", &stop, .list(of: .text, count: 0...64),
      "Texts that end a completion, as the end-of-sequence token does.")
    fields(
      "scoring_parts", &scoringParts, .integer(1...1024),
      "Cuts a step's questions into parts and scores each while the next one is sampled. Pays where "
        + "scoring is slow. It changes no result.")
    fields(
      "outer_iterations", &outerIterations, .integer(1...1_000_000),
      "I: iterations, each of which begins by setting the reference policy to the policy. 1 with "
        + "another reference than reset.")
    fields(
      "steps_per_iteration", &stepsPerIteration, .integer(1...1_000_000_000),
      "M: steps per iteration.", .required)
    fields(
      "steps", &steps, .integer(1...),
      "Ends the run after so many steps; at most outer_iterations × steps_per_iteration. The "
        + "learning-rate schedule spans these steps. TRL's max_steps counts updates.",
      default: "all", also: ["max_steps"])
    axes.declare(
      fields, maxCompletionTokens: maxCompletionTokens,
      length: (iteration: stepsPerIteration, run: totalSteps))
    fields.group(when: .key("update", axes.update) { $0 == .adam }) { optimizer.declare(fields) }
    fields(
      "checkpoint_steps", &checkpointSteps, .integer(0...1_000_000_000),
      "Steps between two checkpoints. 0 saves only at the end and when the run is stopped.",
      also: ["save_steps"])
    fields(
      "save_total_limit", &keptCheckpoints, .integer(1...1_000_000),
      "Checkpoints kept; older ones are deleted.")
    fields(
      "num_completions_to_print", &shownCompletions, .integer(0...1000),
      "Completions shown with each line of progress.")
    fields(
      "log_completion_ids", &logsTokenIDs, .flag,
      "Adds the token ids to completions.jsonl.")
    fields(
      "activation_memory_megabytes", &activationMemoryMegabytes, .integer(0...1_048_576),
      "Memory for activations that sampling keeps for training; 0 computes them again. It changes "
        + "only the speed.")
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
      "with reference \(axes.reference.name) all \(steps) steps are one iteration")
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
        "is too small (got 1; need 2 or more with advantage \(axes.advantage.name))")
    }
    if topK == 1 {
      fields.warnWithoutEffect(
        ["top_p", "min_p", "entropy_coef"],
        "with top_k 1, which always samples the most probable token")
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

internal import Formats

/// Everything that decides what a run does: the data, the policy, how it is trained and judged.
///
/// A recipe is a YAML file whose keys are the properties' names in TRL's and `config.json`'s
/// spelling (`learningRate` is `learning_rate`); ``reference`` has what each means and may be, and its
/// default. The number of threads and the size of micro-batches are no part of it: they
/// change no result.
///
/// Paths count from the directory of the recipe, except `output`. A recipe that was read or
/// `validated` is resolved: its paths are absolute, and every value that depends on another one is
/// filled in.
public struct Recipe: Sendable, Equatable {
  /// Where every random number comes from: 0 or more.
  ///
  /// The same seed gives the same bytes.
  public var seed = 0

  /// The directory of the run, from the current directory.
  ///
  /// Required.
  public var output = ""

  /// The questions.
  ///
  /// Required.
  public var data = Data()

  /// The file with the prompt template, in which `{question}` or any other column of the data
  /// stands for its value.
  ///
  /// Required.
  public var prompt = ""

  /// The tokenizer.
  ///
  /// A recipe file without this key means the tokenizer of the model's directory, or for a new model
  /// one of 512 pieces, trained on `data.train`. In Swift the default is the new tokenizer: for a model
  /// directory set `.file(directory + "/tokenizer.model")`.
  public var tokenizer = Tokenizer()

  /// The policy to start from.
  ///
  /// Required.
  public var model = Model()

  /// Next-token training on questions with their answers, before any reinforcement.
  ///
  /// A policy that never answers right has nothing to learn from; by default there is none.
  public var warmStart: WarmStart?

  /// The reinforcement.
  ///
  /// Required, except for recipes that only warm-start.
  public var train: Train?

  /// What completions are scored by: 1 to 64 rewards with different names.
  ///
  /// Required with `train`.
  public var rewards: [Reward] = []

  /// A reward model that learns while the policy does, one more reward.
  ///
  /// By default there is none.
  public var rewardModel: RewardModel?

  /// How the policy is judged on `data.test`.
  ///
  /// By default it is judged with `Evaluation`'s own defaults if there is a `data.test`, and not at
  /// all if there is none.
  public var evaluation: Evaluation?

  /// What the recipe says that is allowed and yet hardly meant, one line each.
  @Incidental public package(set) var warnings: [String] = []

  /// The defaults; what is required must be set before the recipe is valid.
  public init() {}
}

/// A stored value that equality ignores.
@propertyWrapper
public struct Incidental<Value: Sendable>: Sendable, Equatable {
  /// The value.
  public var wrappedValue: Value

  /// Wraps a value.
  public init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

  /// True: the value does not count.
  public static func == (a: Self, b: Self) -> Bool { true }
}

extension Recipe: Section {
  mutating func declare(_ fields: Fields) {
    fields(
      "seed", &seed, .integer(0...),
      "The source of every random number. The same seed gives the same bytes.")
    fields(
      "output", &output, .text,
      "The directory of the run. It counts from the current directory; all other paths count from "
        + "the recipe's directory.", .required, also: ["output_dir"])
    fields("data", &data, .section, "The questions.", .required)
    fields(
      "prompt", &prompt, .path,
      "The file with the prompt template. {question}, or any other column of the data in braces, "
        + "stands for its value.", .required)
    fields("model", &model, .section, "The policy to start from.", .required)
    if fields.isReading { tokenizer = Tokenizer(defaultFor: model) }
    fields(
      "tokenizer", &tokenizer, .section, "The tokenizer.",
      default: "the one in the model's directory; for a new model one with 512 pieces")
    fields(
      "warm_start", &warmStart, .section,
      "Supervised training on questions with their answers before reinforcement learning. A policy "
        + "that never answers right has nothing to learn from.", default: "none")
    fields(
      "train", &train, .section, "Reinforcement learning.",
      default: "none; a recipe needs train, warm_start or both")
    if !fields.isWriting || !rewards.isEmpty {
      fields(
        "rewards", &rewards, .rewards,
        "The scores of a completion; its reward is their weighted sum. Each has a name of its own. "
          + "Required with train.",
        train == nil || fields.context.ownRewards ? .optional : .required, default: "none",
        also: ["reward_funcs"])
    }
    fields(
      "reward_model", &rewardModel, .section,
      "A reward model that is trained during the run; it is one more reward.", default: "none")
    if fields.isReading && data.test != nil { evaluation = Evaluation() }
    fields(
      "evaluation", &evaluation, .section,
      "How the policy is evaluated on data.test: each question is answered once greedily and "
        + "samples times by sampling.", default: "its own defaults with data.test, else none")
    if fields.isSound { compareSections(fields) }
  }

  /// Checks that there is something to score by, where rewards are not given in Swift.
  package func requireRewards() throws(RecipeError) {
    if train != nil && rewards.isEmpty {
      throw RecipeError("is missing (need \(Format.rewards.need))", field: "rewards")
    }
    if warmStart?.untilAccuracy != nil && rewards.isEmpty {
      throw RecipeError(
        "cannot be measured without rewards (need rewards)", field: "warm_start.until_accuracy")
    }
  }

  private func compareSections(_ fields: Fields) {
    if warmStart == nil && train == nil {
      fields.fail("train", "is missing (need train, warm_start or both)")
    }
    if evaluation != nil && data.test == nil {
      fields.failWithoutEffect("evaluation", "has no questions (need data.test)")
    }
    if train == nil {
      fields.warnWithoutEffect(["evaluation.every"], "without train")
      if rewards.isEmpty, !fields.context.ownRewards {
        fields.warnWithoutEffect(["evaluation"], "without rewards")
      }
    }
    if let train, train.totalSteps <= train.stepsPerIteration {
      fields.warnWithoutEffect(
        ["continuous", "replay_share", "replay_size"].map { "reward_model.\($0)" },
        "in a run of one iteration: the reward model is trained only once, before it")
    }
    if let rewardModel {
      if train == nil { fields.failWithoutEffect("reward_model", "has no effect without train") }
      if rewards.contains(where: { $0.label.hasSameBytes(as: rewardModel.name) }) {
        fields.fail(
          "reward_model.name",
          "is already the name of a reward (got \(rewardModel.name); need another)")
      }
    }
    var names: Set<ByteKey> = []
    for (index, reward) in rewards.enumerated()
    where !names.insert(ByteKey(reward.label)).inserted {
      fields.fail(
        "rewards.\(index)",
        "has the same name as an earlier reward (got \(reward.label); need another label)")
    }
    if warmStart?.untilAccuracy != nil && rewards.isEmpty && !fields.context.ownRewards {
      fields.fail("warm_start.until_accuracy", "cannot be measured without rewards (need rewards)")
    }
    compareWithModel(fields)
  }

  private func compareWithModel(_ fields: Fields) {
    guard case .new(let architecture) = model else {
      if case .trained = tokenizer {
        fields.failWithoutEffect(
          "tokenizer",
          "cannot be trained for a model with a tokenizer of its own (need path, or no tokenizer)")
      }
      return
    }
    if case .trained(let vocabularySize) = tokenizer {
      let count = architecture.parameterCount(vocabularySize: vocabularySize)
      let most = Architecture.largestParameterCount
      if count > most {
        fields.fail("model", "is too large (got \(count) parameters; need at most \(most))")
      }
    }
    if let train {
      // A prompt has one token at least, and the beginning-of-sequence token precedes it.
      let most = architecture.maximumPositions - 2
      if train.maxCompletionTokens > most {
        fields.fail(
          "train.max_completion_length",
          "leaves no tokens for the prompt (got \(train.maxCompletionTokens); need at most \(most), "
            + "with max_position_embeddings \(architecture.maximumPositions))")
      }
    }
  }
}

extension Recipe {
  /// A reward model that is trained on comparisons of the policy's own completions: `reward_model`.
  ///
  /// It is one more reward. Before the first step, and then after every iteration, it learns from
  /// new comparisons and a share of old ones: the last line of iterative GRPO.
  public struct RewardModel: Sendable, Equatable {
    /// What says which of two completions is better: a reward, in any form that `rewards` takes:
    /// `labeller`.
    ///
    /// Required, unless there are `preferences`.
    public var labeller: Reward?
    /// A file of comparisons that people made, JSON Lines with `prompt`, `chosen`, `rejected` and
    /// perhaps `margin`, in place of a labeller: `preferences`.
    public var preferences: String?
    /// What metrics call it: `name`.
    public var name = "reward_model"
    /// Its weight in the sum: `weight`.
    public var weight = 1.0
    /// Where it starts, a directory of a `LlamaForSequenceClassification` with the policy's
    /// tokenizer: `path`.
    ///
    /// By default as a copy of the policy that training starts with, and a head that gives
    /// everything 0.
    public var path: String?
    /// Whether it goes on learning after each iteration, or is left as it is after the first
    /// comparisons: `continuous`.
    public var isContinuous = true
    /// Questions that completions are compared of each time: `questions`.
    public var questions = 256
    /// Completions of each: `num_generations`.
    public var completionsPerQuestion = 8
    /// Comparisons of each question at most: `pairs_per_question`.
    public var pairsPerQuestion = 4
    /// Updates each time: `steps`.
    public var steps = 100
    /// Comparisons in an update: `batch_size`.
    public var batchSize = 64
    /// The learning rate: `learning_rate`.
    public var learningRate = 3e-4
    /// The gradient's largest norm: `max_grad_norm`.
    public var maximumGradientNorm = 1.0
    /// c of the loss's c·(r_chosen + r_rejected)²: `center_rewards_coefficient`.
    public var centring = 0.01
    /// The share of a batch that comes from comparisons of earlier iterations, from 0, below 1:
    /// `replay_share`.
    public var replayShare = 0.1
    /// Comparisons of earlier iterations that are kept, each as likely as any other: `replay_size`.
    public var replaySize = 4096

    /// Creates a reward model with every key at its default; where comparisons come from must be
    /// set.
    public init() {}
  }
}

extension Recipe.RewardModel: Section {
  mutating func declare(_ fields: Fields) {
    let sources = ["labeller", "preferences"]
    let chosen = fields.isReading ? fields.chosen(among: sources) : nil
    let isLabelled = labeller != nil || chosen == "labeller"
    fields(
      "labeller", &labeller, .reward,
      "The reward that decides which of two completions is better, in any form that an entry of "
        + "rewards takes.", isLabelled || preferences == nil ? .required : .optional,
      when: .absent("preferences", isPresent: chosen == "preferences"))
    fields(
      "preferences", &preferences, .path,
      "A file of comparisons made by people, in place of a labeller: JSON Lines with prompt, chosen, "
        + "rejected and perhaps margin.", default: "none: a labeller",
      when: .absent("labeller", isPresent: isLabelled))
    fields("name", &name, .text, "The name of its metrics.")
    fields(
      "weight", &weight, .number(-1e6...1e6), "Its weight in the sum of the rewards.",
      also: ["reward_weights"])
    fields(
      "path", &path, .path,
      "The reward model to start from: a directory of a LlamaForSequenceClassification with the "
        + "policy's tokenizer.",
      default: "a copy of the policy with a head that gives every completion 0",
      also: ["reward_model_path"])
    fields(
      "continuous", &isContinuous, .flag,
      "Whether it learns again after each iteration. `false` leaves it as it is after the first "
        + "comparisons.")
    fields(
      "questions", &questions, .integer(1...65536),
      "Questions whose completions are compared, each time that it learns.")
    fields.group(
      when: .absent("preferences", isPresent: preferences != nil),
      because: "which are compared already"
    ) {
      fields(
        "num_generations", &completionsPerQuestion, .integer(2...1024),
        "Completions of each of these questions.")
      fields(
        "pairs_per_question", &pairsPerQuestion, .integer(1...4096),
        "Comparisons of each question, at most.")
    }
    fields(
      "steps", &steps, .integer(1...1_000_000_000), "Updates, each time that it learns.",
      also: ["max_steps"])
    fields(
      "batch_size", &batchSize, .integer(1...65536), "Comparisons per update.",
      also: ["per_device_train_batch_size"])
    fields("learning_rate", &learningRate, .number(above: 0, through: 1), "The learning rate.")
    fields(
      "max_grad_norm", &maximumGradientNorm, .number(above: 0, through: 1e6),
      "The largest norm of the gradient; a longer one is scaled down to it.")
    fields(
      "center_rewards_coefficient", &centring, .number(0...1000),
      "c of the term c·(r_chosen + r_rejected)² of the loss, which keeps rewards around 0.")
    fields.group(when: .key("continuous", isContinuous, is: true), because: "which learns once") {
      fields(
        "replay_share", &replayShare, .number(0..<1),
        "The share of a batch that comes from comparisons of earlier iterations.")
      fields(
        "replay_size", &replaySize, .integer(1...1_000_000),
        "Comparisons of earlier iterations that are kept, each as likely as any other.",
        when: .key("replay_share", replayShare, above: 0))
    }
  }
}

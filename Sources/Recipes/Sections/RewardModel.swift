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
    /// Its weight in the sum, −10⁶ to 10⁶: `weight`.
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
    /// Questions that completions are compared of each time, 1 to 65536: `questions`.
    public var questions = 256
    /// Completions of each, 2 to 1024: `num_generations`.
    public var completionsPerQuestion = 8
    /// Comparisons of each question at most, 1 to 4096: `pairs_per_question`.
    public var pairsPerQuestion = 4
    /// Updates each time, 1 to 10⁹: `steps`.
    public var steps = 100
    /// Comparisons in an update, 1 to 65536: `batch_size`.
    public var batchSize = 64
    /// The learning rate, above 0 and at most 1: `learning_rate`.
    public var learningRate = 3e-4
    /// The gradient's largest norm, above 0: `max_grad_norm`.
    public var maximumGradientNorm = 1.0
    /// c of the loss's c·(r_chosen + r_rejected)², 0 to 1000: `center_rewards_coefficient`.
    public var centring = 0.01
    /// The share of a batch that comes from comparisons of earlier iterations, from 0, below 1:
    /// `replay_share`.
    public var replayShare = 0.1
    /// Comparisons of earlier iterations that are kept, each as likely as any other, 1 to 10⁶:
    /// `replay_size`.
    public var replaySize = 4096

    public init() {}
  }
}

extension Recipe.RewardModel: Section {
  mutating func declare(_ fields: Fields) {
    let sources = ["labeller", "preferences"]
    let chosen = fields.isReading ? fields.chosen(among: sources) : nil
    for key in sources where chosen != nil && fields.isOverruled(key, by: sources) {
      fields.refuse(key, because: "has no effect beside \(chosen ?? "") (need one of both)")
    }
    fields("labeller", &labeller, .reward)
    fields("preferences", &preferences, .path)
    if fields.isReading, (labeller == nil) == (preferences == nil) {
      fields.fail("labeller", "must stand here, or else preferences (need one of both)")
    }
    fields("name", &name, .text)
    fields("weight", &weight, .number(-1e6...1e6))
    fields("path", &path, .path)
    fields("continuous", &isContinuous, .flag)
    fields("questions", &questions, .integer(1...65536))
    fields.group(
      when: preferences == nil, else: "has no effect with preferences, which are compared already"
    ) {
      fields("num_generations", &completionsPerQuestion, .integer(2...1024))
      fields("pairs_per_question", &pairsPerQuestion, .integer(1...4096))
    }
    fields("steps", &steps, .integer(1...1_000_000_000))
    fields("batch_size", &batchSize, .integer(1...65536))
    fields("learning_rate", &learningRate, .number(above: 0, through: 1))
    fields("max_grad_norm", &maximumGradientNorm, .number(above: 0, through: 1e6))
    fields("center_rewards_coefficient", &centring, .number(0...1000))
    fields.group(when: isContinuous, else: "has no effect with continuous false, which learns once")
    {
      fields("replay_share", &replayShare, .number(0..<1))
      fields(
        "replay_size", &replaySize, .integer(1...1_000_000), when: replayShare > 0,
        else: "has no effect with replay_share 0")
    }
  }
}

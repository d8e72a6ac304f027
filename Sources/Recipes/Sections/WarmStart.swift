extension Recipe {
  /// Next-token training on question and answer (supervised fine-tuning): `warm_start`.
  public struct WarmStart: Sendable, Equatable {
    /// Updates: `steps`.
    ///
    /// Required.
    public var steps = 0
    /// Examples in an update: `batch_size`.
    public var batchSize = 32
    /// At most so many rows of `data.train` may be seen, from its beginning: `examples`.
    ///
    /// By default all. A small number is one way of leaving something to learn.
    public var examples: Int?
    /// Ends the warm start once greedy completions of 256 training questions are correct in this
    /// share, asked every 20 steps: `until_accuracy`.
    ///
    /// By default all steps are taken. Whether a tiny policy has understood its task after a given
    /// number of steps varies with the seed; this does not. Correct means at least 1 by the first
    /// reward.
    public var untilAccuracy: Double?
    /// What is learned as the answer: `answer`.
    ///
    /// A template of the row's columns, where `{answer}` is the answer column. A leading space,
    /// `" {answer}"`, makes an answer the same pieces as a word inside a text.
    public var answer = "{answer}"
    /// The learning rate and all else about updates, whose keys stand beside these.
    public var optimizer = Optimizer()

    /// Creates a warm start with every key at its default; the steps and the learning rate must be
    /// set.
    public init() {}
  }
}

extension Recipe.WarmStart: Section {
  mutating func declare(_ fields: Fields) {
    fields(
      "steps", &steps, .integer(1...1_000_000_000), "Updates, at most.", .required,
      also: ["max_steps"])
    fields(
      "batch_size", &batchSize, .integer(1...65536), "Examples per update.",
      also: ["per_device_train_batch_size"])
    fields(
      "examples", &examples, .integer(1...),
      "Uses only the first so many rows of data.train. A small number leaves more for "
        + "reinforcement learning to teach.", default: "all")
    fields(
      "until_accuracy", &untilAccuracy, .number(above: 0, through: 1),
      "Ends the warm start as soon as this share of 256 training questions is answered correctly. "
        + "It is measured every 20 steps with greedy completions; correct is a score of 1 or more by "
        + "the first reward. The number of steps that a tiny policy needs varies with the seed.",
      default: "all steps are made")
    fields(
      "answer", &answer, .text,
      "The text that is learned as the answer: a template of the row's columns. "
        + "`\" {answer}\"`, with a leading space, encodes the answer as a word within a text.")
    optimizer.declare(fields)
    if fields.isSound { optimizer.compare(withUpdates: steps, fields) }
  }
}

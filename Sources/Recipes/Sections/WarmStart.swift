extension Recipe {
  /// Next-token training on question and answer (supervised fine-tuning): `warm_start`.
  public struct WarmStart: Sendable, Equatable {
    /// Updates, 1 to 10⁹: `steps`.
    ///
    /// Required.
    public var steps = 0
    /// Examples in an update, 1 to 65536: `batch_size`.
    public var batchSize = 32
    /// At most so many rows of `data.train` may be seen, from its beginning, 1 or more: `examples`.
    ///
    /// By default all. A small number is one way of leaving something to learn.
    public var examples: Int?
    /// Ends the warm start once greedy completions of 256 training questions are correct in this
    /// share, 0 < share ≤ 1, asked every 20 steps: `until_accuracy`.
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

    public init() {}
  }
}

extension Recipe.WarmStart: Section {
  mutating func declare(_ fields: Fields) {
    fields("steps", &steps, .integer(1...1_000_000_000), .required)
    fields("batch_size", &batchSize, .integer(1...65536))
    fields("examples", &examples, .integer(1...))
    fields("until_accuracy", &untilAccuracy, .number(above: 0, through: 1))
    fields("answer", &answer, .text)
    optimizer.declare(fields)
    if fields.isSound { optimizer.compare(withUpdates: steps, fields) }
  }
}

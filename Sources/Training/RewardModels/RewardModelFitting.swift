internal import Datasets
internal import Formats
internal import LanguageModel
public import PolicyOptimization
internal import Sampling
internal import Tokenization

/// Trains a reward model on a file of comparisons or of scores, and measures it on held-out ones.
public struct RewardModelFitting {
  /// The files and numbers of one training.
  public struct Options: Sendable, Equatable {
    /// Path of rows with `prompt`, `chosen`, `rejected` and perhaps `margin`, or with `prompt`,
    /// `completion` and `score`.
    public var data = ""
    /// Path of held-out rows of the same kind; nil holds out every eighth row of `data`.
    public var test: String?
    /// Directory of the language model or reward model to start from.
    public var model = ""
    /// Directory of the trained reward model; must not exist.
    public var output = ""
    /// Optimizer updates.
    public var steps = 500
    /// Comparisons or scores per update.
    public var batchSize = 64
    /// The learning rate of every update.
    public var learningRate = 3e-4
    /// c ≥ 0 of the loss's c·(r_chosen + r_rejected)²; ignored for scores.
    public var centring = 0.0
    /// What the order of the rows is keyed by.
    public var seed = 0
    /// How many threads compute; results do not depend on it.
    public var threads = 1

    /// Creates the default options, without paths.
    public init() {}
  }

  /// How well a model agrees with the held-out rows.
  public enum Agreement: Sendable, Equatable {
    /// The share of comparisons ranked right, and how well the model is calibrated.
    case comparisons(PreferenceStatistics)
    /// The root mean square error on scores, and the standard deviation of the scores themselves.
    case scores(error: Double, deviation: Double)
  }

  /// The size of a training, and what it achieved.
  public struct Result: Sendable {
    /// How many numbers the model learns.
    public var parameterCount: Int
    /// Rows trained on.
    public var trainCount: Int
    /// Rows held out.
    public var testCount: Int
    /// Agreement with the held-out rows before the first update.
    public var before: Agreement
    /// Agreement with the held-out rows after the last update.
    public var after: Agreement
  }

  private enum Lines {
    case pairs([PreferencePair])
    case scored([ScoredCompletion])

    var count: Int {
      switch self {
      case .pairs(let pairs): pairs.count
      case .scored(let scored): scored.count
      }
    }

    /// What is learned from: scores, or margins.
    var values: [Double] {
      switch self {
      case .pairs(let pairs): pairs.map(\.margin)
      case .scored(let scored): scored.map(\.score)
      }
    }

    /// All lines but every eighth, and those.
    var parted: (train: Lines, test: Lines) {
      func part<Line>(_ lines: [Line], held: Bool) -> [Line] {
        lines.enumerated().filter { ($0.offset % 8 == 7) == held }.map(\.element)
      }
      return switch self {
      case .pairs(let pairs):
        (.pairs(part(pairs, held: false)), .pairs(part(pairs, held: true)))
      case .scored(let scored):
        (.scored(part(scored, held: false)), .scored(part(scored, held: true)))
      }
    }
  }

  private let options: Options
  private let tokenizer: SentencePieceTokenizer
  private let trainer: RewardModelTrainer
  private let train: Lines
  private let test: Lines

  /// Reads the model and the data, before anything is computed.
  ///
  /// - Throws: `FormatError`, `TokenizerError` or `PolicyError`.
  public init(_ options: Options) throws {
    self.options = options
    try Files.checkPlace(ofDirectory: options.output)
    var model = try Self.model(options.model)
    tokenizer = try SentencePieceTokenizer(path: options.model + "/tokenizer.model")
    try PolicyError.check(tokenizer, fits: model.configuration)
    model = model.ending(with: model.configuration.ending(as: tokenizer).eosTokenIDs)
    // What there can be in the way of writing the model, before anything is computed.
    _ = try tokenizer.huggingFaceFiles(for: model.configuration)
    trainer = RewardModelTrainer(
      model, engine: Engine(model.configuration, threads: options.threads),
      settings: RewardModelTrainer.Settings(
        loss: PreferenceLoss(centring: options.centring), learningRate: options.learningRate))
    let encoding = SequenceEncoding(tokenizer, for: model.configuration)
    let lines = try Self.lines(options.data, encoding)
    if let test = options.test {
      (train, self.test) = (lines, try Self.lines(test, encoding))
    } else {
      (train, test) = lines.parted
    }
    switch (train, test) {
    case (.pairs, .pairs), (.scored, .scored): break
    default:
      throw FormatError(
        "must have the same columns as \(options.data)", file: options.test ?? "")
    }
    if test.count == 0 {
      throw FormatError(
        "has too few lines to hold any out (need 8, or a test file)", file: options.data)
    }
  }

  private static func model(_ directory: String) throws -> RewardModel {
    try RewardModel.isReward(directory)
      ? RewardModel(directory: directory) : RewardModel(from: ModelDirectory.load(directory))
  }

  /// The kind of the rows is that of the first.
  private static func lines(
    _ path: String, _ encoding: SequenceEncoding
  ) throws -> Lines {
    let rows = try DataFile.rows(path: path)
    return rows.rows.first?.object["score"] == nil
      ? .pairs(try PreferencePair.read(rows, encoding))
      : .scored(try ScoredCompletion.read(rows, encoding))
  }

  /// Trains and measures the model, and writes its directory.
  ///
  /// - Parameters:
  ///   - onStep: gets each step, from 1, with its loss.
  ///   - isCancelled: asked between steps; true ends the training without writing a model.
  /// - Throws: `TrainingError.notFinite`, `FormatError`, and `CancellationError` where it was
  ///   cancelled.
  public func run(
    onStep: (_ step: Int, _ loss: Double) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }
  ) throws -> Result {
    let before = agreement
    let order = DataOrder(count: train.count, seed: UInt64(options.seed), stream: .rewardModel)
    for step in 0..<options.steps {
      if isCancelled() { throw CancellationError() }
      let rows = order.rows(step: step, count: options.batchSize)
      let loss =
        switch train {
        case .pairs(let pairs): trainer.update(rows.map { pairs[$0] })
        case .scored(let scored): trainer.update(rows.map { scored[$0] })
        }
      if trainer.overflowCount > 0 {
        throw TrainingError.notFinite(
          step: step + 1, what: "the reward model's loss or its gradient",
          cause: OverflowCause("scores", train.values, stepKey: "--learning-rate"))
      }
      onStep(step + 1, loss)
    }
    try write()
    return Result(
      parameterCount: trainer.model.parameterCount, trainCount: train.count,
      testCount: test.count, before: before, after: agreement)
  }

  private var agreement: Agreement {
    switch test {
    case .pairs(let pairs):
      guard let found = PreferenceStatistics(trainer.comparisons(pairs)) else {
        preconditionFailure("there are lines held out")
      }
      return .comparisons(found)
    case .scored(let scored):
      let errors = zip(trainer.rewards(scored), scored).map { $0 - $1.score }
      let mean = scored.reduce(0) { $0 + $1.score } / Double(scored.count)
      func root(_ values: [Double]) -> Double {
        (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
      }
      return .scores(error: root(errors), deviation: root(scored.map { $0.score - mean }))
    }
  }

  private func write() throws {
    let configuration = trainer.model.configuration
    try Files.writeDirectory(
      trainer.model.files(padding: tokenizer.padding(of: configuration))
        + tokenizer.huggingFaceFiles(for: configuration), to: options.output)
  }
}

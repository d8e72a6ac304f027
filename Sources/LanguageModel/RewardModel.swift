public import Formats
internal import Kernels

/// A transformer with a scalar head, which gives a whole text one number.
///
///     r(x, y) = w·n(h),   h the residual stream of the last token of prompt x and completion y
///
/// Padding is no token: a completion's last token is the last that is not `pad_token_id`, as in
/// transformers. Where a model pads with its end of sequence, that is the one before the end.
///
/// On disk it is a Hugging Face directory (`LlamaForSequenceClassification`, `num_labels` 1): the
/// tensors of the transformer, without an output matrix, and `score.weight` [1, width].
public struct RewardModel: Sendable {
  /// The transformer's shape and special ids; its embeddings are always tied, as there is no output
  /// matrix.
  public private(set) var configuration: ModelConfiguration
  package let parameters: Parameters
  package let head: ScalarHead

  private init(_ configuration: ModelConfiguration) {
    self.configuration = Self.headless(configuration)
    parameters = Parameters(self.configuration)
    head = ScalarHead(self.configuration)
  }

  /// There is no output matrix: what would be one is the embedding.
  static func headless(_ configuration: ModelConfiguration) -> ModelConfiguration {
    var configuration = configuration
    configuration.tiedEmbeddings = true
    return configuration
  }

  /// Takes a language model's transformer and adds a head that gives every text 0.
  public init(from model: Model) {
    var configuration = model.configuration
    configuration.padTokenID = nil
    self.init(configuration, copying: model.parameters)
  }

  package init(_ configuration: ModelConfiguration, copying other: Parameters) {
    self.init(configuration)
    for (mine, others) in zip(parameters.layout.tensors, other.layout.tensors) {
      precondition(mine.name == others.name && mine.shape == others.shape)
      parameters.set(mine, other.values(others))
    }
  }

  /// Whether a directory says that it holds a reward model.
  package static func isReward(_ directory: String) throws(FormatError) -> Bool {
    let (bytes, path) = try ModelDirectory.configurationBytes(directory)
    return try JSON(parsing: bytes, file: path)["architectures"] == [.string(architecture)]
  }

  /// Reads and validates a model directory.
  ///
  /// - Throws: `FormatError` naming the file and the field or tensor.
  public init(directory: String) throws(FormatError) {
    let (bytes, configPath) = try ModelDirectory.configurationBytes(directory)
    let configuration = try ModelConfiguration(parsing: bytes, file: configPath)
    let object = try JSON(parsing: bytes, file: configPath)
    let architectures: JSON = [.string(Self.architecture)]
    guard object["architectures"] == architectures else {
      throw FormatError(
        "got \(object["architectures"]?.encoded() ?? "nothing"); need " + architectures.encoded(),
        file: configPath, field: "architectures")
    }
    if let labels = object["id2label"]?.object, labels.keys.count != 1 {
      throw FormatError(
        "got \(labels.keys.count) labels; need 1", file: configPath, field: "id2label")
    }
    let headless = Self.headless(configuration)
    let layout = ParameterLayout(headless)
    let weights = try layout.named(
      ModelDirectory.weights(directory, headless, as: "AutoModelForSequenceClassification"))
    // Checked before memory is allocated: the file may not have the sizes of its configuration.
    try layout.check(weights, and: ScalarHead.tensorName)
    self.init(configuration)
    try parameters.load(weights, and: ScalarHead.tensorName)
    try head.load(weights)
  }

  /// The same model for sequences that end with these ids.
  package func ending(with ids: [Int]) -> RewardModel {
    var model = self
    model.configuration.eosTokenIDs = ids
    return model
  }

  private static let architecture = "LlamaForSequenceClassification"

  /// How many numbers the model learns.
  public var parameterCount: Int { parameters.layout.parameterCount + head.weight.inputs }

  /// The files of a model directory, by name: `config.json` and `model.safetensors`.
  ///
  /// - Parameter padding: what fills up the shorter sequences of a batch, where the model has no
  ///   such id itself.
  public func files(padding: Int? = nil) throws(FormatError) -> [(name: String, bytes: [UInt8])] {
    var padded = configuration
    padded.padTokenID = configuration.padTokenID ?? padding
    var config = padded.encoded().object ?? [:]
    config["architectures"] = [.string(Self.architecture)]
    config["id2label"] = ["0": "LABEL_0"]
    config["label2id"] = ["LABEL_0": 0]
    return [
      ("config.json", JSON.object(config).encodedBytes(.pretty)),
      ("model.safetensors", try encodedWeights()),
    ]
  }

  package func encodedWeights() throws(FormatError) -> [UInt8] {
    try parameters.encoded(
      "model.safetensors",
      and: (ScalarHead.tensorName, [1, head.weight.inputs], head.values))
  }

  // MARK: Rewards

  /// The batch whose values are rewards: each completion with a further token, at whose row nothing
  /// is computed, so that the last real token has a row that is read.
  package func batch(_ questions: [TokenBatch.Question]) -> TokenBatch {
    TokenBatch(
      questions.map { question in
        TokenBatch.Question(
          prompt: question.prompt,
          completions: question.completions.map { .init(tokens: unpadded($0.tokens) + [0]) })
      })
  }

  private func unpadded(_ tokens: [Int]) -> [Int] {
    guard let padding = configuration.padTokenID else { return tokens }
    return Array(tokens[..<((tokens.lastIndex { $0 != padding } ?? -1) + 1)])
  }

  /// The numbers of the tokens in ``batch(_:)`` at which rewards are read, one for each completion.
  package static func lastTokens(of batch: TokenBatch) -> [Int] {
    batch.completionRanges.map { $0.upperBound - 1 }
  }

  /// The reward of each completion, in the order of the questions.
  package func rewards(_ questions: [TokenBatch.Question], engine: Engine) -> [Double] {
    let batch = batch(questions)
    let values = engine.values(parameters, batch, head, keep: false).values
    return Self.lastTokens(of: batch).map { Double(values[$0]) }
  }
}

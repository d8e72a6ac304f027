public import Formats
internal import Kernels

/// A model in the Hugging Face layout: `config.json` and `model.safetensors`.
public enum ModelDirectory {
  /// Reads and validates the configuration and the weights (F32, F16 or BF16), which may lie in
  /// several files beside `model.safetensors.index.json`.
  ///
  /// The ids in `generation_config.json` that end a completion join those of `config.json`.
  ///
  /// - Throws: `FormatError` naming the file and the field or tensor. The tensors must be those that
  ///   the configuration implies, under the names of a whole model or of one without a head, beside
  ///   what computes nothing (``ParameterLayout/isIdle(_:)``) and an `lm_head.weight` that equals the
  ///   embedding it is tied to; numbers that are not finite are refused. Where other weights are
  ///   found, they are named.
  public static func load(_ directory: String) throws(FormatError) -> Model {
    let (bytes, path) = try configurationBytes(directory)
    var configuration = try ModelConfiguration(parsing: bytes, file: path)
    if try RewardModel.isReward(directory) {
      throw FormatError(
        file: path, field: "architectures",
        message:
          "is a reward model (need a language model; rewards: [{ model: DIRECTORY }] takes it)")
    }
    try addGeneration(of: directory, to: &configuration)
    let weights = try weights(directory, configuration, as: "AutoModelForCausalLM")
    let heads = weights.tensors.map(\.name).filter(ParameterLayout.isValueHead)
    if let first = heads.first {
      configuration.warnings.append(
        "\(weights.file): \(heads.count == 1 ? first : "\(first) and \(heads[1])"): the value head of "
          + "another training is left out")
    }
    return try Model(configuration: configuration, weights: weights, file: weights.file)
  }

  private static func addGeneration(
    of directory: String, to configuration: inout ModelConfiguration
  ) throws(FormatError) {
    let path = directory + "/generation_config.json"
    guard Files.exists(path) else { return }
    let bytes = try Files.read(path, maximumBytes: 1 << 20)
    try ForeignFormat.refuse(bytes, file: path, need: "a generation configuration", as: .model)
    guard let object = try JSON(parsing: bytes, file: path).object else {
      throw FormatError(file: path, message: "not a JSON object (need a generation configuration)")
    }
    let fields = ConfigurationFields(file: path, object: object)
    configuration.addEndIDs(try configuration.takeIDs("eos_token_id", of: fields))
    for (key, value) in object.entries where !generationKeys.contains(key) {
      configuration.generation[key] = value
    }
  }

  /// The keys of `generation_config.json` that are written anew.
  private static let generationKeys = [
    "bos_token_id", "eos_token_id", "pad_token_id", "transformers_version",
  ]

  /// The files of a model directory, by name: `config.json`, `generation_config.json` and
  /// `model.safetensors`.
  public static func files(of model: Model) throws(FormatError) -> [(name: String, bytes: [UInt8])]
  {
    try descriptions(of: model.configuration) + [("model.safetensors", model.encodedWeights())]
  }

  /// `config.json` and `generation_config.json`.
  ///
  /// - Throws: `FormatError` for a configuration that could not be read again.
  package static func descriptions(
    of configuration: ModelConfiguration
  ) throws(FormatError) -> [(name: String, bytes: [UInt8])] {
    let encoded = configuration.encoded()
    var generation = JSONObject(
      generationKeys.dropLast().map { ($0, encoded[$0] ?? .null) })
    for (key, value) in configuration.generation.entries { generation[key] = value }
    generation["transformers_version"] = "5.23.0"
    let config = encoded.encodedBytes(.pretty)
    _ = try ModelConfiguration(parsing: config, file: "config.json")
    return [
      ("config.json", config),
      ("generation_config.json", JSON.object(generation).encodedBytes(.pretty)),
    ]
  }
}

/// A configuration and its weights.
public struct Model: Sendable {
  public let configuration: ModelConfiguration
  package let parameters: Parameters

  package init(configuration: ModelConfiguration, parameters: Parameters) {
    (self.configuration, self.parameters) = (configuration, parameters)
  }

  /// A model with first weights drawn for `seed`.
  public init(_ configuration: ModelConfiguration, seed: UInt64) {
    self.init(
      configuration: configuration, parameters: Parameters(configuration, seed: seed))
  }

  /// Takes the weights out of a safetensors file.
  public init(
    configuration: ModelConfiguration, weights: Safetensors, file: String
  ) throws(FormatError) {
    let layout = ParameterLayout(configuration)
    let weights = try layout.named(weights)
    // Before memory is taken for sizes that a configuration only claims.
    try layout.check(weights, file: file)
    let parameters = Parameters(configuration)
    try parameters.load(weights, file: file)
    self.init(configuration: configuration, parameters: parameters)
  }

  /// Numbers that the model learns.
  public var parameterCount: Int { parameters.layout.parameterCount }

  /// The weights as a safetensors file, F32.
  ///
  /// - Throws: a `FormatError` where one of them is not finite.
  public func encodedWeights() throws(FormatError) -> [UInt8] {
    try parameters.encoded("model.safetensors")
  }
}

extension ParameterLayout {
  /// Whether a tensor of this name computes nothing in a language model: tables that follow from the
  /// configuration, and the value head that TRL's PPO trains beside one.
  static func isIdle(_ name: String) -> Bool {
    let tables = ["rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached"]
    return isValueHead(name) || tables.contains { name.hasSuffix($0) }
  }

  static func isValueHead(_ name: String) -> Bool { name.hasPrefix("v_head.summary.") }

  /// The same tensors under the names that they have in this layout.
  ///
  /// A save of the transformer alone lacks the prefix `model.`, and where embedding and output matrix
  /// are one, a file may hold it under either name.
  func named(_ weights: Safetensors) throws(FormatError) -> Safetensors {
    try weights.renamed { name(of: $0, in: weights) }
  }

  private func name(of found: String, in weights: Safetensors) -> String {
    func isMine(_ name: String) -> Bool { tensors.contains { $0.name == name } }
    if found == Self.head, !isMine(Self.head), weights.tensor(named: Self.embedding) == nil,
      weights.tensor(named: String(Self.embedding.dropFirst(Self.prefix.count))) == nil
    {
      return Self.embedding
    }
    let whole = Self.prefix + found
    return weights.tensor(named: whole) == nil && isMine(whole) ? whole : found
  }

  private static let prefix = "model."

  /// Checks that a file holds exactly these tensors, by name and shape, and perhaps `other`.
  ///
  /// What repeats what is known already may be there, too (``isIdle(_:)``), and an `lm_head.weight`
  /// that equals the embedding it is tied to.
  func check(
    _ weights: Safetensors, and other: String? = nil, file: String
  ) throws(FormatError) {
    var expected: [ByteKey: Tensor] = [:]
    for tensor in tensors { expected[ByteKey(tensor.name)] = tensor }
    var problems: [String] = []
    for found in weights.tensors where found.name != other {
      if Self.isIdle(found.name) { continue }
      guard let tensor = expected.removeValue(forKey: ByteKey(found.name)) else {
        if found.name == Self.head {
          if try weights.equalsEmbedding(found) { continue }
          problems.append(
            "\(found.name) differs from the embedding, to which tie_word_embeddings ties it")
        } else {
          problems.append("unexpected tensor \(found.name)")
        }
        continue
      }
      if found.shape != tensor.shape {
        problems.append("tensor \(found.name) has shape \(found.shape) (need \(tensor.shape))")
      }
    }
    for tensor in tensors where expected[ByteKey(tensor.name)] != nil {
      problems.append("missing tensor \(tensor.name)")
    }
    if !problems.isEmpty {
      let shown = problems.prefix(10).joined(separator: "; ")
      let rest = problems.count > 10 ? "; and \(problems.count - 10) more" : ""
      throw FormatError(
        file: file, message: "does not hold what config.json implies: \(shown)\(rest)")
    }
  }
}

extension Safetensors {
  fileprivate func equalsEmbedding(_ head: Tensor) throws(FormatError) -> Bool {
    guard let embedding = tensor(named: ParameterLayout.embedding),
      embedding.shape == head.shape
    else { return false }
    return try floats(embedding) == floats(head)
  }
}

extension Parameters {
  /// Overwrites every tensor from a file that must hold exactly these tensors, and perhaps `other`.
  package func load(
    _ weights: Safetensors, and other: String? = nil, file: String
  ) throws(FormatError) {
    try layout.check(weights, and: other, file: file)
    for tensor in layout.tensors {
      guard let found = weights.tensor(named: tensor.name) else { continue }
      let values = try weights.floats(found)
      if let bad = values.firstIndex(where: { !$0.isFinite }) {
        throw FormatError(
          file: file, field: tensor.name,
          message: "is not finite at flat index \(bad) (got \(values[bad]))")
      }
      set(tensor, values)
    }
  }

  /// All tensors as a safetensors file, F32, row-major; `file` is its name in errors.
  package func encoded(_ file: String) throws(FormatError) -> [UInt8] {
    try Safetensors.encodeFinite(
      layout.tensors.map { (name: $0.name, shape: $0.shape, values: values($0)) }, file: file)
  }
}

public import Formats
internal import Kernels

/// A model in the Hugging Face layout: `config.json` and `model.safetensors`.
public enum ModelDirectory {
  /// Reads and validates the configuration and the weights (F32, F16 or BF16).
  ///
  /// - Throws: `FormatError` naming the file and the field or tensor. The tensors must be exactly
  ///   those that the configuration implies; numbers that are not finite are refused.
  public static func load(_ directory: String) throws(FormatError) -> Model {
    let configPath = directory + "/config.json"
    let configuration = try ModelConfiguration(
      parsing: Files.read(configPath, maximumBytes: 1 << 20), file: configPath)
    let layout = ParameterLayout(configuration)
    let path = directory + "/model.safetensors"
    let bytes = try Files.read(path, maximumBytes: 4 * layout.parameterCount + (32 << 20))
    return try Model(
      configuration: configuration, weights: Safetensors(bytes: bytes, file: path), file: path)
  }

  /// The files of a model directory, by name: `config.json`, `generation_config.json` and
  /// `model.safetensors`.
  public static func files(of model: Model) throws(FormatError) -> [(name: String, bytes: [UInt8])]
  {
    let configuration = model.configuration
    let generation: JSON = [
      "bos_token_id": configuration.bosTokenID.map { .integer($0) } ?? .null,
      "eos_token_id": configuration.encoded()["eos_token_id"] ?? .null,
      "transformers_version": "5.23.0",
    ]
    return [
      ("config.json", configuration.encoded().encodedBytes(.pretty)),
      ("generation_config.json", generation.encodedBytes(.pretty)),
      ("model.safetensors", try model.encodedWeights()),
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
    // Before memory is taken for sizes that a configuration only claims.
    try ParameterLayout(configuration).check(weights, file: file)
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
  /// Checks that a file holds exactly these tensors, by name and shape, and perhaps `other`.
  func check(
    _ weights: Safetensors, and other: String? = nil, file: String
  ) throws(FormatError) {
    var expected: [ByteKey: Tensor] = [:]
    for tensor in tensors { expected[ByteKey(tensor.name)] = tensor }
    var problems: [String] = []
    for found in weights.tensors where found.name != other {
      guard let tensor = expected.removeValue(forKey: ByteKey(found.name)) else {
        problems.append("unexpected tensor \(found.name)")
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

public import Formats
internal import Kernels

/// A model in the Hugging Face layout: `config.json` and `model.safetensors`.
public enum ModelDirectory {
  /// Reads and validates the configuration and the weights (F32, F16 or BF16), which may be in
  /// several files listed by `model.safetensors.index.json`.
  ///
  /// The ids in `generation_config.json` that end a completion are added to those of `config.json`.
  ///
  /// - Throws: `FormatError` naming the file and the field or tensor. The tensors must be those
  ///   that the configuration implies, named as in a whole model or as in one without a head.
  ///   Tensors that compute nothing (`ParameterLayout.isIdle(_:)`) are ignored, and so is an
  ///   `lm_head.weight` that equals the embedding it is tied to. All numbers must be finite. Where
  ///   the directory holds weights of another kind, the error names them.
  public static func load(_ directory: String) throws(FormatError) -> Model {
    let (bytes, path) = try configurationBytes(directory)
    var configuration = try ModelConfiguration(parsing: bytes, file: path)
    if try RewardModel.isReward(directory) {
      throw FormatError(
        "is a reward model (need a language model; rewards: [{ model: DIRECTORY }] takes it)",
        file: path, field: "architectures")
    }
    try addGeneration(of: directory, to: &configuration)
    let weights = try weights(directory, configuration, as: "AutoModelForCausalLM")
    let heads = weights.tensors.map(\.name).filter(ParameterLayout.isValueHead)
    if let first = heads.first {
      configuration.warnings.append(
        "\(weights.file): \(heads.count == 1 ? first : "\(first) and \(heads[1])"): the value head of "
          + "another training run is ignored")
    }
    return try Model(configuration: configuration, weights: weights)
  }

  private static func addGeneration(
    of directory: String, to configuration: inout ModelConfiguration
  ) throws(FormatError) {
    let path = directory + "/generation_config.json"
    guard Files.exists(path) else { return }
    let bytes = try Files.read(path, maximumBytes: 1 << 20)
    let fields = try SettingsFile(parsing: bytes, file: path, need: "a generation configuration")
    configuration.addEndIDs(try configuration.takeIDs("eos_token_id", of: fields))
    for (key, value) in fields.object.entries where !generationKeys.contains(key) {
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

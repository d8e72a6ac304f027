internal import Formats

/// The fields of a `config.json`, read with their ranges.
extension SettingsFile {
  func optionalInteger(
    _ field: String, in range: ClosedRange<Int>
  ) throws(FormatError) -> Int? {
    guard let value = value(field) else { return nil }
    guard let integer = value.int, range.contains(integer) else {
      throw error(field, got: value, need: "\(range)")
    }
    return integer
  }

  func integer(
    _ field: String, in range: ClosedRange<Int>, default: Int? = nil
  ) throws(FormatError) -> Int {
    guard let value = try optionalInteger(field, in: range) ?? `default` else {
      throw error(field, "is missing; need \(range)")
    }
    return value
  }

  /// One integer, a list of them, or nothing.
  func integers(_ field: String) throws(FormatError) -> [Int] {
    guard let value = value(field) else { return [] }
    var result: [Int] = []
    for element in value.array ?? [value] {
      guard let integer = element.int else {
        throw error(field, got: element, need: "a whole number, or a list of them")
      }
      result.append(integer)
    }
    return result
  }

  func number(
    _ field: String, in range: ClosedRange<Double>, default: Double
  ) throws(FormatError) -> Double {
    guard let value = value(field) else { return `default` }
    return try number(value, field, in: range)
  }

  func number(
    _ value: JSON, _ field: String, in range: ClosedRange<Double>
  ) throws(FormatError) -> Double {
    guard let number = value.double, range.contains(number) else {
      throw error(field, got: value, need: "\(range)")
    }
    return number
  }

  /// What other Llama-like models vary and this one does not compute.
  ///
  /// These are the fields that transformers reads for a Llama; of all others, the values compute
  /// nothing there, and are no reason to refuse a model here: `sliding_window`,
  /// `attention_chunk_size` and `layer_types` among them, which belong to other types of models.
  func refuseWhatIsNotComputed() throws(FormatError) {
    try require("model_type", isOneOf: ["llama"], default: nil)
    try require("hidden_act", isOneOf: ["silu", "swish"], default: "silu")
    try require("attention_bias", isOneOf: [false], default: false)
    try require("mlp_bias", isOneOf: [false], default: false)
    try require("is_causal", isOneOf: [true], default: true)
    if let dropout = value("attention_dropout"), dropout.double != 0 {
      throw error("attention_dropout", got: dropout, need: "0.0")
    }
    for field in ["quantization_config", "per_layer_config", "kv_sharing_modes"] {
      if let value = value(field) { throw notComputed(field, value, need: "null") }
    }
  }

  func notComputed(_ field: String, _ value: JSON, need: String) -> FormatError {
    error(field, "is not supported (got \(value.encoded()); need \(need))")
  }

  private func require(
    _ field: String, isOneOf values: [JSON], default: JSON?
  ) throws(FormatError) {
    guard let found = value(field) ?? `default` else {
      throw error(field, "is missing; need \(values[0].encoded())")
    }
    if !values.contains(found) {
      throw error(field, got: found, need: values[0].encoded())
    }
  }
}

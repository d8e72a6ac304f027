internal import Formats

/// The fields of a `config.json`, read with their ranges.
struct ConfigurationFields {
  let file: String
  let object: JSONObject

  private func error(_ field: String, _ message: String) -> FormatError {
    FormatError(file: file, field: field, message: message)
  }

  /// The field's value; nil where it is absent or null.
  private func value(_ field: String) -> JSON? {
    guard let value = object[field], !value.isNull else { return nil }
    return value
  }

  func optionalInteger(
    _ field: String, in range: ClosedRange<Int>
  ) throws(FormatError) -> Int? {
    guard let value = value(field) else { return nil }
    guard let integer = value.int, range.contains(integer) else {
      throw error(
        field, "got \(value.encoded()); need \(range.lowerBound)...\(range.upperBound)")
    }
    return integer
  }

  func integer(
    _ field: String, in range: ClosedRange<Int>, default: Int? = nil
  ) throws(FormatError) -> Int {
    guard let value = try optionalInteger(field, in: range) ?? `default` else {
      throw error(field, "is missing; need \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// One integer, a list of them, or nothing.
  func integers(_ field: String, in range: ClosedRange<Int>) throws(FormatError) -> [Int] {
    guard let list = value(field)?.array else {
      guard let single = try optionalInteger(field, in: range) else { return [] }
      return [single]
    }
    var result: [Int] = []
    for element in list {
      guard let integer = element.int, range.contains(integer) else {
        throw error(
          field, "got \(element.encoded()); need \(range.lowerBound)...\(range.upperBound)")
      }
      result.append(integer)
    }
    return result
  }

  func number(
    _ field: String, in range: ClosedRange<Double>, default: Double
  ) throws(FormatError) -> Double {
    guard let value = value(field) else { return `default` }
    guard let number = value.double, range.contains(number) else {
      throw error(
        field, "got \(value.encoded()); need \(range.lowerBound)...\(range.upperBound)")
    }
    return number
  }

  func boolean(_ field: String, default: Bool) throws(FormatError) -> Bool {
    guard let value = value(field) else { return `default` }
    guard let bool = value.bool else {
      throw error(field, "got \(value.encoded()); need true or false")
    }
    return bool
  }

  /// θ from `rope_parameters` (transformers 5, which wins) or `rope_theta`.
  func ropeTheta() throws(FormatError) -> Double {
    guard let parameters = value("rope_parameters") else {
      return try number("rope_theta", in: 1...1e9, default: 10_000)
    }
    guard let nested = parameters.object else {
      throw error("rope_parameters", "got \(parameters.encoded()); need an object")
    }
    if let type = nested["rope_type"] ?? nested["type"], type.string != "default" {
      throw error("rope_parameters.rope_type", "got \(type.encoded()); need \"default\"")
    }
    if let factor = nested["partial_rotary_factor"], !factor.isNull, factor.double != 1 {
      throw error(
        "rope_parameters.partial_rotary_factor", "got \(factor.encoded()); need 1.0")
    }
    return try ConfigurationFields(file: file, object: nested).number(
      "rope_theta", in: 1...1e9, default: 10_000)
  }

  /// What other Llama-like models vary and this one does not compute.
  func refuseWhatIsNotComputed() throws(FormatError) {
    try require("model_type", is: "llama", default: nil)
    try require("hidden_act", is: "silu", default: "silu")
    try require("attention_bias", is: false, default: false)
    try require("mlp_bias", is: false, default: false)
    if let scaling = value("rope_scaling"), scaling["rope_type"]?.string != "default" {
      throw error("rope_scaling", "got \(scaling.encoded()); need null")
    }
    if let dropout = value("attention_dropout"), dropout.double != 0 {
      throw error("attention_dropout", "got \(dropout.encoded()); need 0.0")
    }
    if let factor = value("partial_rotary_factor"), factor.double != 1 {
      throw error("partial_rotary_factor", "got \(factor.encoded()); need 1.0")
    }
    for field in ["sliding_window", "quantization_config"] {
      if let value = value(field) {
        throw error(field, "is not computed by this model (got \(value.encoded()); need null)")
      }
    }
  }

  private func require(_ field: String, is expected: JSON, default: JSON?) throws(FormatError) {
    guard let found = value(field) ?? `default` else {
      throw error(field, "is missing; need \(expected.encoded())")
    }
    if found != expected {
      throw error(field, "got \(found.encoded()); need \(expected.encoded())")
    }
  }
}

internal import Formats

extension SettingsFile {
  /// The base of the rotary embedding, in every spelling that transformers 5 reads.
  ///
  ///     parameters = rope_scaling, if it holds anything, or rope_parameters, or {}
  ///     θ          = parameters.rope_theta, or rope_theta, or 10,000
  ///     kind       = parameters.rope_type, or parameters.type, or "default"
  ///
  /// A field that is there and null is not absent: transformers fails on it. Kinds that scale the
  /// frequencies are refused, unless they do so by 1, and so are parameters for single layers.
  func ropeTheta() throws(FormatError) -> Double {
    let (name, parameters) = try rotaryParameters()
    for (key, value) in parameters.entries where value.object != nil {
      throw notComputed("\(name).\(key)", value, need: "the same parameters for every layer")
    }
    let kind = parameters["rope_type"] ?? parameters["type"] ?? "default"
    let isScaled = ["linear", "dynamic"].contains(kind.string) && parameters["factor"]?.double == 1
    if kind != "default" && !isScaled {
      let key = parameters["rope_type"] == nil ? "type" : "rope_type"
      throw error("\(name).\(key)", got: kind, need: "\"default\"")
    }
    for (field, value) in [
      ("\(name).partial_rotary_factor", parameters["partial_rotary_factor"]),
      ("partial_rotary_factor", object["partial_rotary_factor"]),
    ] {
      guard let value, !value.isNull, value.double != 1 else { continue }
      throw error(field, got: value, need: "1.0")
    }
    let own = parameters["rope_theta"]
    guard let theta = own ?? object["rope_theta"] else { return 10_000 }
    return try number(theta, own == nil ? "rope_theta" : "\(name).rope_theta", in: 1...1e9)
  }

  private func rotaryParameters() throws(FormatError) -> (name: String, JSONObject) {
    for name in ["rope_scaling", "rope_parameters"] {
      guard let value = value(name) else { continue }
      guard let parameters = value.object else {
        throw error(name, got: value, need: "an object")
      }
      if !parameters.isEmpty { return (name, parameters) }
    }
    return ("rope_parameters", [:])
  }
}

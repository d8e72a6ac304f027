import Formats
import LanguageModel
import Testing

@Suite struct RotaryFieldsTests {
  /// What transformers 5.23.0 makes of each, as `Conformance/configurations.py` sees it.
  @Test(
    arguments: [
      ([("rope_theta", 5000)], 5000),
      ([("rope_parameters", ["rope_theta": 500_000.0, "rope_type": "default"])], 500_000),
      // Its own spelling wins where it holds a base, and the root is asked where it does not.
      ([("rope_theta", 5000), ("rope_parameters", ["rope_theta": 500_000.0])], 500_000),
      ([("rope_theta", 1e6), ("rope_parameters", ["rope_type": "default"])], 1e6),
      ([("rope_theta", 1e6), ("rope_parameters", [:])], 1e6),
      ([("rope_theta", 1e6), ("rope_parameters", nil)], 1e6),
      ([("rope_parameters", ["rope_type": "default"])], 10_000),
      ([("rope_parameters", ["type": "default"])], 10_000),
      ([("rope_theta", nil), ("rope_parameters", ["rope_theta": 7000])], 7000),
      // The old spelling, with anything in it, takes the place of the new one.
      ([("rope_scaling", ["rope_type": "default", "rope_theta": 3000.0])], 3000),
      ([("rope_theta", 1e6), ("rope_scaling", ["type": "default"])], 1e6),
      (
        [
          ("rope_scaling", ["type": "default"]), ("rope_parameters", ["rope_theta": 500_000.0]),
          ("rope_theta", 2000),
        ], 2000
      ),
      ([("rope_scaling", [:]), ("rope_parameters", ["rope_theta": 500_000.0])], 500_000),
      // The kind has an old name, too, which a new one overrules; scaling by 1 changes nothing.
      ([("rope_parameters", ["type": "linear", "rope_type": "default"])], 10_000),
      ([("rope_scaling", ["type": "linear", "factor": 1.0]), ("rope_theta", 4000)], 4000),
      ([("rope_parameters", ["rope_type": "dynamic", "factor": 1, "rope_theta": 4000])], 4000),
    ] as [([(String, JSON)], Double)])
  func everySpellingOfTheRotaryBaseIsRead(fields: [(String, JSON)], theta: Double) throws {
    #expect(try ConfigurationText.read(fields.map { ($0.0, $0.1) }).ropeTheta == theta)
  }

  @Test(
    arguments: [
      ([("rope_theta", nil)], "rope_theta: got null; need 1.0...1000000000.0"),
      (
        [("rope_theta", 5000), ("rope_parameters", ["rope_theta": nil])],
        "rope_parameters.rope_theta: got null; need 1.0...1000000000.0"
      ),
      ([("rope_theta", "1e6")], "rope_theta: got \"1e6\"; need 1.0...1000000000.0"),
      (
        [("rope_parameters", ["rope_type": nil])],
        "rope_parameters.rope_type: got null; need \"default\""
      ),
      (
        [("rope_scaling", ["type": "linear", "factor": 2.0])],
        "rope_scaling.type: got \"linear\"; need \"default\""
      ),
      (
        [("rope_scaling", ["rope_type": "llama3", "factor": 32.0])],
        "rope_scaling.rope_type: got \"llama3\"; need \"default\""
      ),
      (
        [("rope_parameters", ["rope_type": "dynamic", "factor": 4.0])],
        "rope_parameters.rope_type: got \"dynamic\"; need \"default\""
      ),
      (
        [("rope_parameters", ["full_attention": ["rope_theta": 1e6]])],
        "rope_parameters.full_attention: is not supported "
          + "(got {\"rope_theta\":1000000.0}; need the same parameters for every layer)"
      ),
      ([("rope_scaling", "linear")], "rope_scaling: got \"linear\"; need an object"),
    ] as [([(String, JSON)], String)])
  func aRotaryEmbeddingOfAnotherKindIsRefusedByName(fields: [(String, JSON)], message: String) {
    #expect(ConfigurationText.fault(fields.map { ($0.0, $0.1) }) == "config.json: " + message)
  }

  @Test func whatIsNotComputedIsRefusedInsideTheRotaryParameters() {
    #expect(
      ConfigurationText.fault([("rope_parameters", ["rope_type": "yarn"])])
        == #"config.json: rope_parameters.rope_type: got "yarn"; need "default""#)
    #expect(
      ConfigurationText.fault([("rope_parameters", ["partial_rotary_factor": 0.25])])
        == "config.json: rope_parameters.partial_rotary_factor: got 0.25; need 1.0")
  }
}

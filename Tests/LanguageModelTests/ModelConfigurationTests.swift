import Formats
import LanguageModel
import Testing

@Suite struct ModelConfigurationTests {
  @Test func idsThatEndACompletionAreGatheredInTheirOrder() throws {
    var c = try ConfigurationText.read([("eos_token_id", [5, 3])])
    c.addEndIDs([3, 9])
    c.addEndIDs([])
    c.addEndIDs([2])
    #expect(c.eosTokenIDs == [5, 3, 9, 2])
  }

  @Test func fieldsMustFitEachOther() {
    #expect(
      ConfigurationText.fault([("hidden_size", 66)])
        == "config.json: hidden_size: is not a multiple of "
        + "num_attention_heads (got 66 and 4)")
    #expect(
      ConfigurationText.fault([("num_key_value_heads", 3)])
        == "config.json: num_key_value_heads: does not divide "
        + "num_attention_heads (got 3 and 4)")
    #expect(
      ConfigurationText.fault([("head_dim", 7)])
        == "config.json: head_dim: got 7; need an even number up to 128")
    // The head's size that follows from the others is held to the same rule.
    #expect(
      ConfigurationText.fault([("hidden_size", 1024)])
        == "config.json: head_dim: got 256; need an even number up to 128")
  }
}

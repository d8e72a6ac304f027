import Formats
import LanguageModel
import Testing

@Suite struct ModelConfigurationTests {
  /// The least that a `config.json` must say, with some members replaced or (nil) left out.
  private func read(_ changes: [(String, JSON?)] = []) throws(FormatError) -> ModelConfiguration {
    var pairs: [(String, JSON)] = [
      ("model_type", "llama"), ("vocab_size", 512), ("hidden_size", 64),
      ("num_hidden_layers", 2), ("num_attention_heads", 4), ("intermediate_size", 192),
    ]
    for (key, value) in changes {
      pairs.removeAll { $0.0 == key }
      if let value { pairs.append((key, value)) }
    }
    let bytes = JSON.object(JSONObject(pairs)).encodedBytes()
    return try ModelConfiguration(parsing: bytes, file: "config.json")
  }

  /// What reading says is wrong; nil where nothing is.
  private func fault(_ changes: [(String, JSON?)]) -> String? {
    do throws(FormatError) {
      _ = try read(changes)
      return nil
    } catch {
      return error.description
    }
  }

  @Test func absentFieldsHaveTheDefaultsOfTransformers() throws {
    let c = try read()
    #expect(c.keyValueHeads == 4 && c.headSize == 16 && c.maximumPositions == 2048)
    #expect(c.ropeTheta == 10_000 && c.normEpsilon == 1e-6 && c.initializerRange == 0.02)
    #expect(!c.tiedEmbeddings && c.bosTokenID == nil && c.eosTokenIDs.isEmpty)
    #expect(c.padTokenID == nil)
  }

  @Test func nullStandsForAnAbsentField() throws {
    let nulls = [
      "num_key_value_heads", "head_dim", "rope_parameters", "rope_scaling",
      "rms_norm_eps", "tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id",
      "sliding_window", "quantization_config", "partial_rotary_factor", "attention_dropout",
      "hidden_act", "attention_bias", "mlp_bias",
    ]
    #expect(try read(nulls.map { ($0, JSON.null) }) == read())
  }

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
    #expect(try read(fields.map { ($0.0, $0.1) }).ropeTheta == theta)
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
        "rope_parameters.full_attention: is not computed by this model "
          + "(got {\"rope_theta\":1000000.0}; need the same parameters for every layer)"
      ),
      ([("rope_scaling", "linear")], "rope_scaling: got \"linear\"; need an object"),
    ] as [([(String, JSON)], String)])
  func aRotaryEmbeddingOfAnotherKindIsRefusedByName(fields: [(String, JSON)], message: String) {
    #expect(fault(fields.map { ($0.0, $0.1) }) == "config.json: " + message)
  }

  @Test func endOfSequenceIsOneIdOrSeveral() throws {
    #expect(try read([("eos_token_id", 2)]).eosTokenIDs == [2])
    #expect(try read([("eos_token_id", [2, 511])]).eosTokenIDs == [2, 511])
    #expect(try read([("eos_token_id", [])]).eosTokenIDs == [])
    #expect(try read([("eos_token_id", [7, 2, 7])]).eosTokenIDs == [7, 2])
  }

  /// An id that the model lacks is never drawn.
  @Test(arguments: ["bos_token_id", "eos_token_id", "pad_token_id"])
  func idsThatTheModelLacksAreLeftOut(field: String) throws {
    for id in field == "pad_token_id" ? [-2] : [-2, 512, 1 << 40] {
      let c = try read([(field, .integer(id))])
      #expect(field != "bos_token_id" || c.bosTokenID == nil)
      #expect(field != "eos_token_id" || c.eosTokenIDs == [])
      #expect(c.padTokenID == nil)
      #expect(
        c.warnings == [
          "config.json: \(field): \(id) is left out, since the model has no such id (need 0...511)"
        ])
    }
    let c = try read([("eos_token_id", [-1, 2, 512]), ("pad_token_id", -1)])
    #expect(c.eosTokenIDs == [2] && c.warnings.count == 2)
    #expect(try read([(field, 511)]).warnings.isEmpty)
  }

  @Test func paddingBeyondTheVocabularyIsRefused() {
    #expect {
      try read([("pad_token_id", 512)])
    } throws: {
      "\($0)" == "config.json: pad_token_id: got 512; need -1...511"
    }
  }

  @Test func idsThatEndACompletionAreGatheredInTheirOrder() throws {
    var c = try read([("eos_token_id", [5, 3])])
    c.addEndIDs([3, 9])
    c.addEndIDs([])
    c.addEndIDs([2])
    #expect(c.eosTokenIDs == [5, 3, 9, 2])
  }

  @Test func aValueThatChangesNothingIsNoReasonToRefuse() throws {
    let changes: [(String, JSON?)] = [
      ("rope_scaling", ["rope_type": "default"]), ("attention_dropout", 0),
      ("partial_rotary_factor", 1.0), ("hidden_act", "silu"), ("pretraining_tp", 1),
      ("rope_parameters", ["rope_theta": 10_000, "partial_rotary_factor": 1]),
      ("something_unknown", "x"), ("hidden_act", "swish"), ("sliding_window", 4),
      ("attention_chunk_size", 4), ("layer_types", ["full_attention", "sliding_attention"]),
      ("is_causal", true),
      ("pad_token_id", -1), ("per_layer_config", nil), ("torch_dtype", "bfloat16"),
      ("_name_or_path", "x/y"), ("architectures", ["LlamaForCausalLM"]), ("use_cache", false),
      ("transformers_version", "4.31.0"), ("rope_interleaved", false), ("auto_map", [:]),
      ("output_attentions", false), ("max_length", 20), ("transformers.js_config", [:]),
    ]
    #expect(try read(changes) == read())
  }

  @Test(
    arguments: [
      ("model_type", nil, #"is missing; need "llama""#),
      ("model_type", "gpt2", #"got "gpt2"; need "llama""#),
      ("model_type", 3, #"got 3; need "llama""#),
      ("hidden_act", "gelu", #"got "gelu"; need "silu""#),
      ("attention_bias", true, "got true; need false"),
      ("mlp_bias", true, "got true; need false"),
      ("attention_dropout", 0.1, "got 0.1; need 0.0"),
      ("attention_dropout", "0", #"got "0"; need 0.0"#),
      ("is_causal", false, "got false; need true"),
      (
        "per_layer_config", ["0": ["num_attention_heads": 2]],
        #"is not computed by this model (got {"0":{"num_attention_heads":2}}; need null)"#
      ),
      ("quantization_config", [:], "is not computed by this model (got {}; need null)"),
      ("partial_rotary_factor", 0.5, "got 0.5; need 1.0"),
      ("rope_parameters", 3, "got 3; need an object"),
    ] as [(String, JSON?, String)])
  func whatIsNotComputedIsRefusedByName(field: String, value: JSON?, message: String) {
    #expect(fault([(field, value)]) == "config.json: \(field): \(message)")
  }

  @Test func whatIsNotComputedIsRefusedInsideTheRotaryParameters() {
    #expect(
      fault([("rope_parameters", ["rope_type": "yarn"])])
        == #"config.json: rope_parameters.rope_type: got "yarn"; need "default""#)
    #expect(
      fault([("rope_parameters", ["partial_rotary_factor": 0.25])])
        == "config.json: rope_parameters.partial_rotary_factor: got 0.25; need 1.0")
  }

  @Test(
    arguments: [
      ("vocab_size", 1, 1_048_576), ("hidden_size", 1, 65_536), ("num_hidden_layers", 1, 1024),
      ("num_attention_heads", 1, 1024), ("num_key_value_heads", 1, 1024), ("head_dim", 1, 128),
      ("intermediate_size", 1, 1_048_576), ("max_position_embeddings", 1, 1_048_576),
    ])
  func wholeNumbersHaveRanges(field: String, lowest: Int, highest: Int) {
    let hostile: [(JSON, String)] = [
      (.integer(lowest - 1), "\(lowest - 1)"), (.integer(highest + 1), "\(highest + 1)"),
      (.integer(.max), "9223372036854775807"), (.integer(.min), "-9223372036854775808"),
      (.number(2), "2.0"), ("8", #""8""#), (true, "true"), ([:], "{}"),
    ]
    for (value, text) in hostile {
      #expect(
        fault([(field, value)])
          == "config.json: \(field): got \(text); need \(lowest)...\(highest)")
    }
    // The bounds themselves are no reason to refuse, whatever other rule they break.
    for value in [lowest, highest] {
      #expect(fault([(field, .integer(value))])?.contains("need \(lowest)...\(highest)") != true)
    }
  }

  @Test(
    arguments: [
      "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
      "intermediate_size",
    ])
  func whatHasNoDefaultMustBeThere(field: String) {
    let text = fault([(field, nil)])
    #expect(text?.hasPrefix("config.json: \(field): is missing; need 1...") == true)
  }

  @Test func otherNumbersHaveRanges() {
    for (field, range, values) in [
      ("rms_norm_eps", "1e-12...0.1", [0, 1e-13, 0.2, -1e-6, 1e300]),
      ("rope_theta", "1.0...1000000000.0", [0, 0.5, 2e9, -10_000]),
      ("initializer_range", "0.0...10.0", [-0.02, 11]),
    ] as [(String, String, [Double])] {
      for value in values {
        let text = JSON.number(value).encoded()
        #expect(
          fault([(field, .number(value))]) == "config.json: \(field): got \(text); need \(range)")
      }
      #expect(
        fault([(field, "1")]) == "config.json: \(field): got \"1\"; need \(range)")
    }
    #expect(
      fault([("rope_parameters", ["rope_theta": 0])])
        == "config.json: rope_parameters.rope_theta: got 0; need 1.0...1000000000.0")
    #expect(
      fault([("tie_word_embeddings", 1)])
        == "config.json: tie_word_embeddings: got 1; need true or false")
    #expect(
      fault([("eos_token_id", [2, "3"])])
        == "config.json: eos_token_id: got \"3\"; need a whole number, or a list of them")
  }

  @Test func fieldsMustFitEachOther() {
    #expect(
      fault([("hidden_size", 66)]) == "config.json: hidden_size: is no multiple of "
        + "num_attention_heads (got 66 and 4)")
    #expect(
      fault([("num_key_value_heads", 3)]) == "config.json: num_key_value_heads: does not divide "
        + "num_attention_heads (got 3 and 4)")
    #expect(
      fault([("head_dim", 7)]) == "config.json: head_dim: got 7; need an even number up to 128")
    // The head's size that follows from the others is held to the same rule.
    #expect(
      fault([("hidden_size", 1024)])
        == "config.json: head_dim: got 256; need an even number up to 128")
  }

  @Test func whatIsNoObjectIsRefused() {
    for (text, message) in [
      ("[]", "config.json: not a JSON object (need a model configuration)"),
      ("3", "config.json: not a JSON object (need a model configuration)"),
    ] {
      #expect(throws: FormatError.self) {
        _ = try ModelConfiguration(parsing: Array(text.utf8), file: "config.json")
      }
      do throws(FormatError) {
        _ = try ModelConfiguration(parsing: Array(text.utf8), file: "config.json")
      } catch { #expect(error.description == message) }
    }
    for text in ["", "{", #"{"vocab_size": 1, "vocab_size": 2}"#, #"{"vocab_size": NaN}"#] {
      #expect(throws: FormatError.self) {
        _ = try ModelConfiguration(parsing: Array(text.utf8), file: "config.json")
      }
    }
  }

  @Test func whatIsWrittenIsReadAsTheSame() throws {
    var c = TinyPolicy.configuration(tied: true)
    for eos in [[], [2], [2, 5]] {
      c.eosTokenIDs = eos
      for bos in [nil, 0, 76] {
        (c.bosTokenID, c.padTokenID) = (bos, bos)
        c.tiedEmbeddings.toggle()
        (c.normEpsilon, c.ropeTheta, c.initializerRange) = (1e-5, 1_000_000, 0.1)
        for style in [JSON.Style.compact, .pretty] {
          let bytes = c.encoded().encodedBytes(style)
          #expect(try ModelConfiguration(parsing: bytes, file: "config.json") == c)
        }
      }
    }
  }

  /// Readers of either version of transformers find their own fields, floats as floats.
  @Test func bothSpellingsAreWritten() {
    let text = TinyPolicy.configuration(tied: true).encoded().encoded()
    for part in [
      #""rope_parameters":{"rope_theta":500.0,"rope_type":"default"}"#, #""rope_theta":500.0"#,
      #""rope_scaling":null"#, #""dtype":"float32""#, #""torch_dtype":"float32""#,
      #""rms_norm_eps":1e-05"#, #""attention_dropout":0.0"#, #""eos_token_id":2"#,
      #""architectures":["LlamaForCausalLM"]"#,
    ] { #expect(text.contains(part), "\(part)") }
  }
}

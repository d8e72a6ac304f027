import Formats
import LanguageModel
import Testing

@Suite struct ConfigurationFileTests {
  @Test func absentFieldsHaveTheDefaultsOfTransformers() throws {
    let c = try ConfigurationText.read()
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
    #expect(try ConfigurationText.read(nulls.map { ($0, JSON.null) }) == ConfigurationText.read())
  }

  @Test func endOfSequenceIsOneIdOrSeveral() throws {
    #expect(try ConfigurationText.read([("eos_token_id", 2)]).eosTokenIDs == [2])
    #expect(try ConfigurationText.read([("eos_token_id", [2, 511])]).eosTokenIDs == [2, 511])
    #expect(try ConfigurationText.read([("eos_token_id", [])]).eosTokenIDs == [])
    #expect(try ConfigurationText.read([("eos_token_id", [7, 2, 7])]).eosTokenIDs == [7, 2])
  }

  /// An id that the model lacks is never drawn.
  @Test(arguments: ["bos_token_id", "eos_token_id", "pad_token_id"])
  func idsThatTheModelLacksAreLeftOut(field: String) throws {
    for id in field == "pad_token_id" ? [-2] : [-2, 512, 1 << 40] {
      let c = try ConfigurationText.read([(field, .integer(id))])
      #expect(field != "bos_token_id" || c.bosTokenID == nil)
      #expect(field != "eos_token_id" || c.eosTokenIDs == [])
      #expect(c.padTokenID == nil)
      #expect(
        c.warnings == [
          "config.json: \(field): \(id) is ignored, because the model has no such id (need 0...511)"
        ])
    }
    let c = try ConfigurationText.read([("eos_token_id", [-1, 2, 512]), ("pad_token_id", -1)])
    #expect(c.eosTokenIDs == [2] && c.warnings.count == 2)
    #expect(try ConfigurationText.read([(field, 511)]).warnings.isEmpty)
  }

  @Test func paddingBeyondTheVocabularyIsRefused() {
    #expect {
      try ConfigurationText.read([("pad_token_id", 512)])
    } throws: {
      "\($0)" == "config.json: pad_token_id: got 512; need -1...511"
    }
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
    #expect(try ConfigurationText.read(changes) == ConfigurationText.read())
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
        #"is not supported (got {"0":{"num_attention_heads":2}}; need null)"#
      ),
      ("quantization_config", [:], "is not supported (got {}; need null)"),
      ("partial_rotary_factor", 0.5, "got 0.5; need 1.0"),
      ("rope_parameters", 3, "got 3; need an object"),
    ] as [(String, JSON?, String)])
  func whatIsNotComputedIsRefusedByName(field: String, value: JSON?, message: String) {
    #expect(ConfigurationText.fault([(field, value)]) == "config.json: \(field): \(message)")
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
        ConfigurationText.fault([(field, value)])
          == "config.json: \(field): got \(text); need \(lowest)...\(highest)")
    }
    // The bounds themselves are no reason to refuse, whatever other rule they break.
    for value in [lowest, highest] {
      #expect(
        ConfigurationText.fault([(field, .integer(value))])?.contains("need \(lowest)...\(highest)")
          != true)
    }
  }

  @Test(
    arguments: [
      "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
      "intermediate_size",
    ])
  func whatHasNoDefaultMustBeThere(field: String) {
    let text = ConfigurationText.fault([(field, nil)])
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
          ConfigurationText.fault([(field, .number(value))])
            == "config.json: \(field): got \(text); need \(range)")
      }
      #expect(
        ConfigurationText.fault([(field, "1")]) == "config.json: \(field): got \"1\"; need \(range)"
      )
    }
    #expect(
      ConfigurationText.fault([("rope_parameters", ["rope_theta": 0])])
        == "config.json: rope_parameters.rope_theta: got 0; need 1.0...1000000000.0")
    #expect(
      ConfigurationText.fault([("tie_word_embeddings", 1)])
        == "config.json: tie_word_embeddings: got 1; need true or false")
    #expect(
      ConfigurationText.fault([("eos_token_id", [2, "3"])])
        == "config.json: eos_token_id: got \"3\"; need a whole number, or a list of them")
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

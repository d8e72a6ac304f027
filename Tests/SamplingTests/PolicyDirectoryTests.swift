import Formats
import Foundation
import Kernels
import LanguageModel
import Sampling
import Testing
import Tokenization

@Suite struct PolicyDirectoryTests {
  /// A model of `rows` ids for a tokenizer of 262 pieces or so, with random weights.
  private func model(
    _ tokenizer: SentencePieceTokenizer, rows: Int? = nil, eos: [Int] = [2], padding: Int? = nil
  ) -> Model {
    let configuration = ModelConfiguration(
      vocabularySize: rows ?? tokenizer.vocabularySize, hiddenSize: 16, layers: 1,
      attentionHeads: 2, keyValueHeads: 1, intermediateSize: 24, maximumPositions: 24,
      initializerRange: 0.3, eosTokenIDs: eos, padTokenID: padding)
    return Model(configuration: configuration, parameters: Parameters(configuration, seed: 1))
  }

  private func tokenizer(
    _ change: (inout SentencePieceModel) -> Void = { _ in }
  ) throws -> SentencePieceTokenizer {
    var model = try SentencePieceModel(
      parsing: SentencePieceTokenizer.train(
        sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280)),
      file: "tokenizer.model")
    change(&model)
    return try SentencePieceTokenizer(bytes: model.serialized(), name: "tokenizer.model")
  }

  private func config(_ files: [(name: String, bytes: [UInt8])], _ name: String) throws -> JSON {
    let file = try #require(files.first { $0.name == name })
    return try JSON(parsing: file.bytes, file: name)
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let whole = try Policy(model(tokenizer()), tokenizer())
    let folder = try ModelFolder()
    for file in try whole.files() {
      try Data(file.bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(file.name)"))
    }
    let read = try Policy(directory: folder.path)
    for (a, b) in zip(try whole.files(), try read.files()) {
      #expect(a.name == b.name && a.bytes == b.bytes)
    }
    #expect(
      try whole.files().map(\.name) == [
        "config.json", "generation_config.json", "tokenizer.model", "tokenizer.json",
        "tokenizer_config.json", "model.safetensors",
      ])
  }

  /// Any file's end ends a completion, and all of them are written again.
  @Test func everyIDThatEndsACompletionIsTakenUp() throws {
    let folder = try ModelFolder()
    try Data(#"{"eos_token_id": [9, 5]}"#.utf8).write(
      to: URL(fileURLWithPath: folder.path + "/generation_config.json"))
    let path = folder.path + "/config.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: "\"eos_token_id\": 2", with: "\"eos_token_id\": [7, 5]")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let policy = try Policy(directory: folder.path)
    #expect(policy.eosIDs == [7, 5, 9, 2])
    let files = try policy.files()
    for name in ["config.json", "generation_config.json"] {
      #expect(try config(files, name)["eos_token_id"] == [7, 5, 9, 2])
    }
    let sampler = TextSampler(
      policy, options: SamplingOptions(temperature: 0, maximumTokens: 3, eosIDs: policy.eosIDs))
    #expect(try sampler.text(of: [65, 9]) == sampler.text(of: [65]))
  }

  /// What stands beside the tokenizer is read, obeyed and written again.
  @Test func theTokenizersSettingsAreObeyedAndWrittenAgain() throws {
    let (folder, copy) = (try ModelFolder(), try ModelFolder())
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
    }
    let piece = try SentencePieceTokenizer(path: folder.path + "/tokenizer.model").piece(of: 9)
    #expect(piece == "<0x06>")
    try write("special_tokens_map.json", #"{"eos_token": "<unk>", "pad_token": "<unk>"}"#)
    #expect(try Policy(directory: folder.path).model.configuration.eosTokenIDs == [2, 0])
    try write("special_tokens_map.json", "{}")
    try write(
      "tokenizer_config.json",
      #"{"eos_token": {"content": "<0x06>"}, "bos_token": "<0x07>", "chat_template": "x", "#
        + #""add_bos_token": false, "legacy": true, "additional_special_tokens": ["<0x08>"]}"#)
    try write("chat_template.jinja", "{{ messages }}")
    let whole = try Policy(directory: folder.path)
    #expect(whole.model.configuration.eosTokenIDs == [2, 9])
    let sampler = TextSampler(
      whole, options: SamplingOptions(temperature: 0, maximumTokens: 2, eosIDs: whole.eosIDs))
    #expect(try sampler.complete("1+")[0].promptIDs == whole.tokenizer.encode("1+"))
    let error = #expect(throws: PromptError.self) { try sampler.complete("") }
    #expect(
      error?.description
        == "prompt: is empty (need text, as no beginning of sequence precedes it)")

    let files = try whole.files()
    for file in files {
      try Data(file.bytes).write(to: URL(fileURLWithPath: "\(copy.path)/\(file.name)"))
    }
    let settings = try config(files, "tokenizer_config.json")
    #expect(settings["eos_token"] == "<0x06>" && settings["bos_token"] == "<0x07>")
    #expect(settings["add_bos_token"] == false && settings["chat_template"] == "x")
    #expect(settings["additional_special_tokens"] == ["<0x08>"] && settings["legacy"] == nil)
    let again = try Policy(directory: copy.path)
    #expect(again.model.configuration.eosTokenIDs == [2, 9])
    #expect(again.tokenizer.bosID == nil && again.tokenizer.settings.beginning == "<0x07>")
    for (a, b) in zip(files, try again.files()) { #expect(a.name == b.name && a.bytes == b.bytes) }
    #expect(files.contains { $0.name == "chat_template.jinja" })

    // Where none is named, the first end is what the written tokenizer ends with.
    try write("tokenizer_config.json", "{}")
    try write("special_tokens_map.json", "{}")
    let path = folder.path + "/config.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: "\"eos_token_id\": 2", with: "\"eos_token_id\": 7")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let other = try Policy(directory: folder.path)
    #expect(other.model.configuration.endID == 7)
    #expect(
      try config(other.files(), "tokenizer_config.json")["eos_token"]?.string
        == other.tokenizer.piece(of: 7))
  }

  @Test func whatElseAGenerationConfigurationHoldsIsWrittenAgain() throws {
    let folder = try ModelFolder()
    try Data(#"{"eos_token_id": [2, 5], "temperature": 0.6, "stop_strings": ["Q:"]}"#.utf8).write(
      to: URL(fileURLWithPath: folder.path + "/generation_config.json"))
    let written = try config(Policy(directory: folder.path).files(), "generation_config.json")
    #expect(written["temperature"] == 0.6 && written["stop_strings"] == ["Q:"])
    #expect(written["eos_token_id"] == [2, 5] && written["bos_token_id"] == 1)
  }

  @Test func anEndThatIsNoPieceIsFoundAmongAddedTokens() throws {
    let folder = try ModelFolder()
    let pieces = try SentencePieceTokenizer(path: folder.path + "/tokenizer.model").vocabularySize
    func read(_ text: String) throws -> Policy {
      try Data(text.utf8).write(
        to: URL(fileURLWithPath: folder.path + "/tokenizer_config.json"))
      let tokenizer = try SentencePieceTokenizer(path: folder.path + "/tokenizer.model")
      return try Policy(model(tokenizer, rows: pieces + 2), tokenizer)
    }
    let decoder = #""added_tokens_decoder": {"\#(pieces + 1)": {"content": "<|end|>"}}"#
    let whole = try read(#"{"eos_token": "<|end|>", \#(decoder)}"#)
    #expect(whole.model.configuration.eosTokenIDs == [2, pieces + 1])
    // Not listed, it is the next id, and one of the model's or refused.
    #expect(
      try read(#"{"eos_token": "<|end|>"}"#).model.configuration.eosTokenIDs == [2, pieces])
    let beyond = #""added_tokens_decoder": {"\#(pieces + 2)": {"content": "<|end|>"}}"#
    let refusal = #expect(throws: PolicyError.self) { try read("{\(beyond)}") }
    #expect(
      refusal?.description == "the tokenizer does not fit the model (added token \"<|end|>\" has "
        + "the id \(pieces + 2); need 0...\(pieces + 1))")
    for (text, problem) in [
      (#"{"eos_token": 5}"#, "eos_token: got 5; need a text, or a map with its content"),
      (#"{"add_bos_token": 1}"#, "add_bos_token: got 1; need true or false"),
      (#"[]"#, "not a JSON object (need settings of a tokenizer)"),
    ] {
      let error = #expect(throws: FormatError.self) { try read(text) }
      #expect(error?.description == "\(folder.path)/tokenizer_config.json: \(problem)")
    }
    let error = #expect(throws: PolicyError.self) { try read(#"{"add_eos_token": true}"#) }
    #expect(
      error?.description
        == "tokenizer_config.json: add_eos_token: would end every prompt (got true; need false)")
  }

  @Test func rowsWithoutAPieceStayAndDecodeToNothing() throws {
    let tokenizer = try tokenizer()
    let pieces = tokenizer.vocabularySize
    let whole = try Policy(model(tokenizer, rows: pieces + 7), tokenizer)
    let sampler = TextSampler(whole, options: SamplingOptions(maximumTokens: 8, eosIDs: [2]))
    let ids = tokenizer.encode("12+3")
    #expect(try sampler.text(of: ids + [pieces, pieces + 6] + ids) == "12+312+3")
    #expect(throws: TokenizerError.self) { try sampler.text(of: [pieces + 7]) }
    // Directories of such models are read and written.
    #expect(try config(whole.files(), "config.json")["vocab_size"]?.int == pieces + 7)
    #expect(throws: PolicyError.self) {
      try Policy(model(tokenizer, rows: pieces - 1), tokenizer)
    }
  }

  @Test func paddingIsThePieceThatTheModelNames() throws {
    let tokenizer = try tokenizer()
    for (own, id, piece) in [
      (nil, 0, "<unk>"), (2, 2, "</s>"), (tokenizer.vocabularySize, 0, "<unk>"),
    ] as [(Int?, Int, String)] {
      let rows = tokenizer.vocabularySize + 1
      let files = try Policy(model(tokenizer, rows: rows, padding: own), tokenizer).files()
      #expect(try config(files, "config.json")["pad_token_id"]?.int == id)
      #expect(try config(files, "generation_config.json")["pad_token_id"]?.int == id)
      #expect(try config(files, "tokenizer_config.json")["pad_token"]?.string == piece)
    }
  }

  @Test func whatCannotBeExportedShowsWithoutTheWeights() throws {
    let tokenizer = try tokenizer {
      $0.trainer.treatsWhitespaceAsSuffix = true
      $0.normalizer.addsDummyPrefix = true
    }
    let whole = try Policy(model(tokenizer), tokenizer)
    for export in [{ try whole.files() }, { try whole.descriptions() }] {
      let error = #expect(throws: TokenizerError.self) { try export() }
      #expect(
        error?.description == "tokenizer.json: a dummy space at the end of text is not supported")
    }
    // And a configuration that could not be read again.
    var configuration = model(try self.tokenizer()).configuration
    configuration.normEpsilon = 0.5
    let other = try Policy(
      Model(configuration: configuration, parameters: Parameters(configuration, seed: 1)),
      self.tokenizer())
    #expect(throws: FormatError.self) { try other.descriptions() }
  }
}

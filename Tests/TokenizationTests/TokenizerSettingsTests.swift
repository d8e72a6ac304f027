import Formats
import Foundation
import Testing
import Tokenization

@Suite final class TokenizerSettingsTests {
  private let directory = NSTemporaryDirectory() + "settings-" + UUID().uuidString

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func read(_ files: [String: String]) throws -> TokenizerSettings {
    try? FileManager.default.removeItem(atPath: directory)
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for (name, text) in files {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }
    return try TokenizerSettings(directory: directory)
  }

  private let end = AddedToken(id: 9, text: "<|end|>")

  @Test func addedTokensAreReadOutOfEveryFileThatHasThem() throws {
    let attributes = #""content": "<|end|>", "special": true, "normalized": false"#
    for files in [
      ["tokenizer_config.json": #"{"added_tokens_decoder": {"9": {\#(attributes)}}}"#],
      ["tokenizer.json": #"{"added_tokens": [{"id": 9, \#(attributes)}]}"#],
      [
        "added_tokens.json": #"{"<|end|>": 9}"#,
        "special_tokens_map.json": #"{"eos_token": "<|end|>"}"#,
      ],
    ] {
      #expect(try read(files).addedTokens == [end])
    }
    let settings = try read(["added_tokens.json": #"{"<|end|>": 9}"#])
    #expect(
      settings.addedTokens
        == [AddedToken(id: 9, text: "<|end|>", isSpecial: false, isNormalized: true)])
    #expect(try read([:]).source == nil && settings.source == directory)
  }

  /// What earlier versions wrote says nothing beside `added_tokens_decoder`.
  @Test func theDecoderGoesBeforeEarlierFiles() throws {
    let decoder = #""added_tokens_decoder": {"9": {"content": "<|end|>", "special": true}}"#
    let others = [
      "added_tokens.json": #"{"<|more|>": 10}"#,
      "special_tokens_map.json": #"{"eos_token": "<b>", "pad_token": {"content": "<c>"}}"#,
    ]
    var settings = try read(
      others.merging(["tokenizer_config.json": #"{"eos_token": "<a>", \#(decoder)}"#]) { $1 })
    #expect(settings.addedTokens.map(\.text) == ["<|end|>"])
    #expect(settings.end == "<a>" && settings.padding == nil)
    settings = try read(others.merging(["tokenizer_config.json": #"{"eos_token": "<a>"}"#]) { $1 })
    #expect(settings.addedTokens.map(\.text) == ["<|more|>"])
    #expect(settings.end == "<b>" && settings.padding == "<c>")
    #expect(settings.namedTokens == ["<b>", "<c>"])
  }

  @Test(
    arguments: [
      (#""tokenizer_class": "LlamaTokenizer""#, DummyPrefix.unspacedText),
      (#""tokenizer_class": "LlamaTokenizerFast", "legacy": false"#, .unspacedText),
      (#""tokenizer_class": "LlamaTokenizer", "legacy": true"#, .unspacedParts),
      (#""tokenizer_class": "LlamaTokenizer", "add_prefix_space": false"#, DummyPrefix.none),
      (#""tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": true"#, nil),
    ] as [(String, DummyPrefix?)]) func theClassesOfLlamaSayWhereThePrefixStands(
      text: String, prefix: DummyPrefix?
    ) throws
  {
    #expect(try read(["tokenizer_config.json": "{\(text)}"]).prefix == prefix)
  }

  @Test(
    arguments: [
      (#""normalizer": {"type": "Prepend", "prepend": "_"}"#, DummyPrefix.everyPart),
      (
        #""normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend"}]}"#, .everyPart
      ),
      (#""pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "first"}"#, .unspacedText),
      (#""pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "always"}"#, .unspacedParts),
      (#""pre_tokenizer": {"type": "Metaspace", "add_prefix_space": true}"#, .unspacedParts),
      (#""pre_tokenizer": {"type": "Metaspace", "add_prefix_space": false}"#, .none),
      (#""pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "never"}"#, .none),
      (#""pre_tokenizer": null, "normalizer": null"#, .none),
    ]) func otherwiseTheVocabularySays(text: String, prefix: DummyPrefix) throws
  {
    #expect(try read(["tokenizer.json": "{\(text)}"]).prefix == prefix)
  }

  @Test func faultsAreNamed() throws {
    let twice = #"{"added_tokens": [{"id": 9, "content": "a"}, {"id": 9, "content": "b"}]}"#
    for (name, text, problem) in [
      ("tokenizer.json", twice, "added token \"b\" has the id 9, but \"a\" has 9"),
      (
        "tokenizer_config.json", #"{"added_tokens_decoder": {"x": {"content": "a"}}}"#,
        "added_tokens_decoder.x: got \"x\"; need an id, 0...1048575"
      ),
      ("added_tokens.json", #"{"a": -1}"#, "a: got -1; need an id, 0...1048575"),
      (
        "tokenizer_config.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "a Git LFS pointer in place of the file; need settings of a tokenizer: git lfs pull"
      ),
    ] {
      let error = #expect(throws: FormatError.self) { try self.read([name: text]) }
      #expect(error?.description == "\(directory)/\(name): \(problem)")
    }
  }
}

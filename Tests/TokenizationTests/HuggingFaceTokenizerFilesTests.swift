import Formats
import Foundation
import Testing
import Tokenization

@Suite struct HuggingFaceTokenizerFilesTests {
  private func files(_ tokenizer: SentencePieceTokenizer) throws -> [String: JSON] {
    var values: [String: JSON] = [:]
    for (name, bytes) in try tokenizer.huggingFaceFiles(maximumLength: 64) {
      guard name.hasSuffix(".json") else { continue }
      values[name] = try JSON(parsing: bytes, file: name)
    }
    return values
  }

  private func json(_ model: SentencePieceModel) throws -> JSON {
    try #require(try files(Samples.tokenizer(model))["tokenizer.json"])
  }

  private let escape: JSON = ["type": "Replace", "pattern": ["String": " "], "content": "\u{2581}"]

  @Test func theModelFileIsCopied() throws {
    let tokenizer = try Samples.trained()
    let files = try tokenizer.huggingFaceFiles(maximumLength: 64)
    #expect(files.map(\.name) == ["tokenizer.model", "tokenizer.json", "tokenizer_config.json"])
    #expect(files[0].bytes == tokenizer.modelBytes)
    #expect(files[1].bytes.last == UInt8(ascii: "\n"))
  }

  @Test func theConfigurationNamesTheClassThatKeepsTheFile() throws {
    let configuration = try files(Samples.trained())["tokenizer_config.json"]
    #expect(
      configuration == [
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
        "unk_token": "<unk>", "pad_token": "<unk>", "add_bos_token": true, "add_eos_token": false,
        "add_prefix_space": false,
        "clean_up_tokenization_spaces": false, "model_max_length": 64, "padding_side": "left",
        "split_special_tokens": true,
      ])
  }

  @Test func aBytePairModelIsWrittenWhole() throws {
    var model = Samples.model(
      .bpe,
      [
        .init("\u{E9}", score: -9), .init("<|x|>", kind: .control), .init("b\"", score: -1),
        .init("b", score: -8), .init("\"", score: -7), .init("@", kind: .userDefined),
      ])
    model.normalizer.addsDummyPrefix = true
    #expect(
      try json(model) == [
        "version": "1.0", "truncation": nil, "padding": nil,
        "added_tokens": [
          added(0, "<unk>", special: true), added(1, "<s>", special: true),
          added(2, "</s>", special: true), added(4, "<|x|>", special: true),
        ],
        "normalizer": [
          "type": "Sequence",
          "normalizers": [["type": "Prepend", "prepend": "\u{2581}"], escape],
        ],
        "pre_tokenizer": ["type": "Sequence", "pretokenizers": [split("@")]],
        "post_processor": [
          "type": "TemplateProcessing",
          "single": [
            ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
          ],
          "pair": [
            ["SpecialToken": ["id": "<s>", "type_id": 0]], ["Sequence": ["id": "A", "type_id": 0]],
            ["SpecialToken": ["id": "<s>", "type_id": 1]], ["Sequence": ["id": "B", "type_id": 1]],
          ],
          "special_tokens": ["<s>": ["id": "<s>", "ids": [1], "tokens": ["<s>"]]],
        ],
        "decoder": [
          "type": "Sequence",
          "decoders": [
            ["type": "Replace", "pattern": ["String": "\u{2581}"], "content": " "],
            ["type": "ByteFallback"], ["type": "Fuse"],
            ["type": "Strip", "content": " ", "start": 1, "stop": 0],
          ],
        ],
        "model": [
          "type": "BPE", "dropout": nil, "unk_token": "<unk>", "continuing_subword_prefix": nil,
          "end_of_word_suffix": nil, "fuse_unk": true, "byte_fallback": false,
          "ignore_merges": true,
          "vocab": [
            "<unk>": 0, "<s>": 1, "</s>": 2, "\u{E9}": 3, "<|x|>": 4, "b\"": 5, "b": 6, "\"": 7,
            "@": 8,
          ],
          "merges": [["b", "\""]],
        ],
      ])
  }

  private func split(_ pattern: String) -> JSON {
    [
      "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
      "invert": false,
    ]
  }

  private static let symbols: [SentencePieceModel.Piece] = [
    .init("1", score: -1), .init("12", score: -9, kind: .userDefined),
    .init("a|b", kind: .userDefined), .init("123", kind: .userDefined),
  ]

  /// Found before normalizing, each part between two symbols would get a dummy prefix of its own.
  @Test func symbolsAreFoundInTheNormalizedText() throws {
    var model = Samples.model(.bpe, Self.symbols)
    // Nothing tells a part from the whole: symbols are added tokens.
    var json = try json(model)
    #expect(json["pre_tokenizer"] == .null && json["model"]?["ignore_merges"] == false)
    #expect(json["added_tokens"]?.array?.count == 6)
    let plain = model.normalizer
    for change in [
      { $0.addsDummyPrefix = true }, { $0.removesExtraWhitespace = true },
    ] as [(inout SentencePieceModel.Normalizer) -> Void] {
      model.normalizer = plain
      change(&model.normalizer)
      json = try self.json(model)
      #expect(json["added_tokens"]?.array?.count == 3)
      #expect(json["model"]?["ignore_merges"] == true)
      // The longest first, and of those as long the first.
      #expect(
        json["pre_tokenizer"]
          == ["type": "Sequence", "pretokenizers": [split("a\\|b|123|12")]])
    }
    model.normalizer = plain
    model.pieces.append(.init("x\u{2581}y", kind: .userDefined))
    #expect(try self.json(model)["added_tokens"]?.array?.count == 3)
    model.normalizer.removesExtraWhitespace = true
    let error = #expect(throws: TokenizerError.self) { try self.json(model) }
    #expect(
      error?.description == "tokenizer.json: piece 7 is a symbol with a space, which removing "
        + "extra white space would change")
  }

  /// Text that spells a byte would be taken for it; it is cut where no piece spans the cut.
  @Test(
    arguments: [
      ("a", "<(?=0x[0-9A-F]{2}>)"), ("<0", "<0(?=x[0-9A-F]{2}>)"), ("<0x", nil),
    ])
  func textThatSpellsAByteIsText(piece: String, pattern: String?) throws {
    let bytes = (0...255).map { byte in
      SentencePieceModel.Piece(
        "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">",
        kind: .byte)
    }
    var model = Samples.model(.bpe, Self.symbols + bytes + [.init(piece)])
    model.trainer.byteFallback = true
    model.normalizer.addsDummyPrefix = true
    let steps = [split("a\\|b|123|12")] + (pattern.map { [split($0)] } ?? [])
    #expect(try json(model)["pre_tokenizer"]?["pretokenizers"] == .array(steps))
    model.trainer.algorithm = .unigram
    let rest = try json(model)["pre_tokenizer"]?["pretokenizers"]?.array ?? []
    #expect(rest == Array(steps.dropFirst()))
  }

  @Test func aUnigramModelsSymbolsHaveTheLibrarysScore() throws {
    let model = Samples.model(.unigram, Self.symbols)
    let json = try json(model)
    #expect(json["pre_tokenizer"] == .null)
    #expect(json["added_tokens"]?.array?.count == 3)
    let vocabulary = try #require(json["model"]?["vocab"]?.array)
    #expect(
      vocabulary.dropFirst(3) == [
        ["1", -1.0], ["12", -0.1], ["a|b", -0.1], ["123", -0.1],
      ])
  }

  @Test func othersAreToldOfTheDummyPrefixAndOfPadding() throws {
    var model = Samples.model(.bpe, [.init("a"), .init("<pad>", kind: .control)])
    model.normalizer.addsDummyPrefix = true
    var configuration = try files(Samples.tokenizer(model))["tokenizer_config.json"]
    #expect(configuration?["add_prefix_space"] == true)
    #expect(configuration?["pad_token"] == "<pad>")
    let chosen = try Samples.tokenizer(model).huggingFaceFiles(maximumLength: 9, padding: 2)
    configuration = try JSON(parsing: chosen[2].bytes, file: "tokenizer_config.json")
    #expect(configuration?["pad_token"] == "</s>")
  }

  private func added(_ id: Int, _ content: String, special: Bool) -> JSON {
    [
      "id": .integer(id), "content": .string(content), "single_word": false, "lstrip": false,
      "rstrip": false, "normalized": false, "special": .bool(special),
    ]
  }

  @Test func mergesComeInTheLibrarysOrder() throws {
    // "abc" (score −1) comes first, as ab+c (ids 4, 5) before a+bc (ids 8, 3): by the left part's
    // id. "ab" and "bc" have equal scores: by their own ids. "c" and "a" are no merges, "xa" has
    // no piece "x", and the user-defined "aa" is no part of any.
    let merges = try json(
      Samples.model(
        .bpe,
        [
          .init("bc", score: -2), .init("ab", score: -2), .init("c", score: -6),
          .init("abc", score: -1), .init("b", score: -6), .init("a", score: -6),
          .init("xa", score: -3), .init("aa", kind: .userDefined), .init("aaa", score: 0),
        ]))["model"]?["merges"]
    #expect(merges == [["ab", "c"], ["a", "bc"], ["b", "c"], ["a", "b"]])
  }

  @Test func theNormalizersStepsStandInTheirOrder() throws {
    var model = Samples.model(.bpe, [.init("a")])
    #expect(try json(model)["normalizer"] == ["type": "Sequence", "normalizers": [escape]])
    model.normalizer.removesExtraWhitespace = true
    model.normalizer.addsDummyPrefix = true
    var options = Samples.options
    options.normalization = .nfkc
    let charsmap = try SentencePieceModel(parsing: Samples.trained(options).modelBytes, file: "m")
      .normalizer.charsmap
    model.normalizer.charsmap = charsmap
    #expect(
      try json(model)["normalizer"]?["normalizers"] == [
        [
          "type": "Precompiled",
          "precompiled_charsmap": .string(Data(charsmap).base64EncodedString()),
        ],
        ["type": "Replace", "pattern": ["Regex": "\\A +| +\\z"], "content": ""],
        ["type": "Replace", "pattern": ["Regex": " {2,}"], "content": " "],
        ["type": "Prepend", "prepend": "\u{2581}"],
        escape,
      ])
    model.normalizer = .init()
    model.normalizer.escapesWhitespace = false
    model.normalizer.addsDummyPrefix = false
    model.normalizer.removesExtraWhitespace = false
    #expect(try json(model)["normalizer"] == ["type": "Sequence", "normalizers": []])
  }

  @Test func aUnigramModelKeepsItsScores() throws {
    let model = Samples.model(.unigram, [.init("a", score: -1.5), .init("ab", score: -2)])
    let json = try json(model)
    #expect(
      json["model"] == [
        "type": "Unigram", "unk_id": 0, "byte_fallback": false,
        "vocab": [
          ["<unk>", 0.0], ["<s>", 0.0], ["</s>", 0.0], ["a", -1.5], ["ab", -2.0],
        ],
      ])
    #expect(json["decoder"]?["decoders"]?.array?.count == 3)  // No dummy prefix, no Strip.
  }

  private func tokenizer(
    _ algorithm: SentencePieceModel.Algorithm, _ tokens: [AddedToken], prefix: DummyPrefix? = nil,
    end: String? = nil
  ) throws -> SentencePieceTokenizer {
    var settings = TokenizerSettings()
    (settings.addedTokens, settings.prefix, settings.end) = (tokens, prefix, end)
    return try SentencePieceTokenizer(
      bytes: Samples.model(algorithm, [.init("a", score: -1)]).serialized(), name: "test.model",
      settings: settings)
  }

  /// The library gives added tokens the ids behind the vocabulary, whatever is written.
  @Test func addedTokensAreWrittenWithTheirIDs() throws {
    let tokens = [
      AddedToken(id: 5, text: "<b>", isSpecial: false, isNormalized: true, stripsAfter: true),
      AddedToken(id: 4, text: "<|a|>"),
    ]
    let written: JSON = [
      "id": 5, "content": "<b>", "single_word": false, "lstrip": false, "rstrip": true,
      "normalized": true, "special": false,
    ]
    var files = try files(tokenizer(.bpe, tokens, end: "<|a|>"))
    var json = try #require(files["tokenizer.json"])
    #expect(json["added_tokens"]?.array?.suffix(2) == [added(4, "<|a|>", special: true), written])
    #expect(json["model"]?["vocab"]?.object?.count == 4)
    var configuration = try #require(files["tokenizer_config.json"])
    #expect(configuration["eos_token"] == "<|a|>")
    #expect(configuration["added_tokens_decoder"]?["5"]?["rstrip"] == true)
    #expect(configuration["added_tokens_decoder"]?["4"]?["content"] == "<|a|>")
    let gap = [AddedToken(id: 6, text: "<|a|>")]
    files = try self.files(tokenizer(.bpe, gap))
    json = try #require(files["tokenizer.json"])
    #expect(json["model"]?["vocab"]?["<|a|>"] == 6)
    files = try self.files(tokenizer(.unigram, gap))
    json = try #require(files["tokenizer.json"])
    #expect(
      json["model"]?["vocab"]?.array?.suffix(3) == [
        ["<|unused_id_4|>", -1e6], ["<|unused_id_5|>", -1e6], ["<|a|>", -1e6],
      ])
    configuration = try #require(try self.files(tokenizer(.bpe, []))["tokenizer_config.json"])
    #expect(configuration["added_tokens_decoder"] == nil)
  }

  @Test(
    arguments: [
      (DummyPrefix.unspacedText, "first"), (.unspacedParts, "always"), (.everyPart, nil),
      (.none, nil),
    ] as [(DummyPrefix, String?)]) func thePrefixIsWrittenAsItWasRead(
      prefix: DummyPrefix, scheme: String?
    ) throws
  {
    let files = try files(tokenizer(.bpe, [], prefix: prefix))
    let json = try #require(files["tokenizer.json"])
    let steps = json["pre_tokenizer"]?["pretokenizers"]?.array ?? []
    #expect(steps.first?["prepend_scheme"]?.string == scheme)
    let prepends = json["normalizer"]?["normalizers"]?.array?.contains { $0["type"] == "Prepend" }
    #expect(prepends == (prefix == .everyPart))
    #expect(json["decoder"]?["decoders"]?.array?.count == (prefix == .none ? 3 : 4))
    #expect(files["tokenizer_config.json"]?["add_prefix_space"] == .bool(prefix != .none))
  }

  @Test func withoutBOSNothingIsAdded() throws {
    var model = Samples.model(.bpe, [.init("a")])
    model.trainer.bosPiece = "<none>"
    #expect(try json(model)["post_processor"] == .null)
    let configuration = try files(Samples.tokenizer(model))["tokenizer_config.json"]
    #expect(configuration?["bos_token"] == .null)
    #expect(configuration?["add_bos_token"] == false)
  }

  @Test func whatTheFormatCannotSayIsRefused() throws {
    var error = #expect(throws: TokenizerError.self) {
      try json(Samples.model(.bpe, [.init("a", kind: .unused)]))
    }
    #expect(
      error?.description
        == "tokenizer.json: piece 3 is marked unused, which that format cannot express")
    var model = Samples.model(.bpe, [.init("a")])
    model.trainer.treatsWhitespaceAsSuffix = true
    #expect(throws: Never.self) { try json(model) }
    model.normalizer.addsDummyPrefix = true
    error = #expect(throws: TokenizerError.self) { try json(model) }
    #expect(
      error?.description == "tokenizer.json: a dummy space at the end of text is not supported")
  }
}

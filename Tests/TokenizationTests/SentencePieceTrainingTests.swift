import Formats
import Testing
import Tokenization

@Suite struct SentencePieceTrainingTests {
  typealias Options = SentencePieceTokenizer.TrainingOptions

  private func pieces(_ tokenizer: SentencePieceTokenizer) throws -> [String] {
    try (0..<tokenizer.vocabularySize).map { try tokenizer.piece(of: $0) }
  }

  private func problem(_ options: Options, on sentences: [String] = Samples.sentences) -> String? {
    do {
      _ = try SentencePieceTokenizer.train(sentences: sentences, options: options)
      return nil
    } catch { return error.description }
  }

  @Test func trainingTwiceGivesTheSameBytes() throws {
    let first = try SentencePieceTokenizer.train(
      sentences: Samples.sentences, options: Samples.options)
    let second = try SentencePieceTokenizer.train(
      sentences: Samples.sentences.lazy.map { $0 }, options: Samples.options)
    #expect(first == second)
  }

  @Test func theDefaultsAreThoseThatEveryToolReadsAlike() throws {
    let tokenizer = try Samples.trained()
    let model = try SentencePieceModel(parsing: tokenizer.modelBytes, file: "m")
    #expect(model.trainer.algorithm == .bpe)
    #expect(model.trainer.byteFallback)
    #expect(model.normalizer.name == "identity")
    #expect(model.normalizer.charsmap.isEmpty)
    #expect(!model.normalizer.addsDummyPrefix)
    #expect(!model.normalizer.removesExtraWhitespace)
    #expect([tokenizer.unknownID, tokenizer.bosID, tokenizer.eosID] == [0, 1, 2])
    #expect(tokenizer.paddingID == nil)
  }

  @Test func aTinyTextTrainsUnderALargeCeiling() throws {
    let tokenizer = try Samples.trained(Options(vocabularySize: 512), on: ["2 + 2"])
    #expect(tokenizer.vocabularySize < 512)
    #expect(tokenizer.vocabularySize > 259)
    #expect(try tokenizer.decode(tokenizer.encode("2 + 2")) == "2 + 2")
  }

  @Test(arguments: [310, 330, 350])
  func theVocabularySizeIsReached(size: Int) throws {
    #expect(try Samples.trained(Options(vocabularySize: size)).vocabularySize == size)
  }

  @Test func tooSmallAVocabularyNamesTheLeast() throws {
    var options = Samples.options
    options.vocabularySize = 200
    #expect(
      problem(options)
        == "tokenizer: vocab_size: too small (got 200; need at least 262: 5 special pieces, "
        + "256 bytes, and what the text needs)")
    options.vocabularySize = 262
    let text = try #require(problem(options))
    #expect(text.hasPrefix("tokenizer: vocab_size: too small (got 262; need at least "))
    let least = try #require(Int(text.split(separator: "least ")[1].prefix(while: \.isNumber)))
    options.vocabularySize = least - 1
    #expect(problem(options) != nil)
    options.vocabularySize = least
    #expect(try Samples.trained(options).vocabularySize == least)
  }

  @Test(arguments: [32016, 49152])
  func sizesThatOtherToolsMisreadAreRefused(size: Int) {
    #expect(problem(Options(vocabularySize: size))?.contains("(got \(size); need") == true)
  }

  @Test(arguments: [0, -1, Int.min, 1_000_001, Int.max])
  func sizesOutOfRangeAreRefused(size: Int) {
    #expect(problem(Options(vocabularySize: size))?.contains("(got \(size); need") == true)
  }

  @Test(arguments: [0.5, 1.01, .nan, -.infinity])
  func coverageOutOfRangeIsRefused(coverage: Double) {
    let options = Options(vocabularySize: 512, characterCoverage: coverage)
    #expect(problem(options)?.hasPrefix("tokenizer: character_coverage: out of range") == true)
  }

  @Test func digitsAreSplitOnlyWhenAsked() throws {
    let sentences = [String](repeating: "1234 1234", count: 20)
    var options = Options(vocabularySize: 300)
    #expect(try !pieces(Samples.trained(options, on: sentences)).contains("1234"))
    options.splitDigits = false
    #expect(try pieces(Samples.trained(options, on: sentences)).contains("1234"))
  }

  @Test func theDummyPrefixComesOnlyWhenAsked() throws {
    var options = Samples.options
    #expect(try Samples.trained(options).pieces(of: "What")[0].hasPrefix("W"))
    options.addDummyPrefix = true
    let tokenizer = try Samples.trained(options)
    #expect(try tokenizer.pieces(of: "What")[0].hasPrefix("\u{2581}"))
    #expect(try tokenizer.decode(tokenizer.encode("What")) == "What")
  }

  @Test func withoutByteFallbackThereAreNoBytes() throws {
    var options = Samples.options
    options.byteFallback = false
    options.vocabularySize = 120
    let tokenizer = try Samples.trained(options)
    #expect(try !pieces(tokenizer).contains("<0x00>"))
    #expect(tokenizer.encode("\u{1F680}") == [tokenizer.unknownID])
  }

  @Test func coverageDecidesWhichCharactersArePieces() throws {
    let sentences = [String](repeating: "aaaaaaaaaa", count: 100) + ["q"]
    var options = Options(vocabularySize: 300, characterCoverage: 0.99)
    #expect(try !pieces(Samples.trained(options, on: sentences)).contains("q"))
    options.characterCoverage = 1
    #expect(try pieces(Samples.trained(options, on: sentences)).contains("q"))
  }

  @Test func controlSymbolsMayHoldCommasAndQuotes() throws {
    let symbols = ["<a,b>", "\"\"", "a\"b,\"", "<pad>", "\u{E9}\u{E9}"]
    let tokenizer = try Samples.trained(Options(vocabularySize: 400, controlSymbols: symbols))
    for symbol in symbols {
      let id = try #require(tokenizer.id(of: symbol))
      #expect(try tokenizer.kind(of: id) == .control)
    }
    #expect(tokenizer.paddingID == tokenizer.id(of: "<pad>"))
  }

  @Test(arguments: [
    [""], ["x"], ["\u{E9}"], ["a b"], ["a\0b"], ["a\u{7F}"], ["<s>"], ["<unk>"], ["<0x41>"],
    ["ab", "ab"], [String(repeating: "a", count: 257)],
    (2...65).map { String(repeating: "a", count: $0) },
  ])
  func badControlSymbolsAreRefused(symbols: [String]) {
    let options = Options(vocabularySize: 512, controlSymbols: symbols)
    #expect(problem(options)?.hasPrefix("tokenizer: control_symbols: ") == true)
  }

  @Test(arguments: [[], [""], ["", ""], ["\u{2585}"]])
  func noTextIsAnError(sentences: [String]) {
    #expect(
      problem(Samples.options, on: sentences) == "tokenizer: text: there is nothing to train on")
  }

  @Test(arguments: ["\t", "\0", "<s>", " ", "\n", "\u{10FFFF}", "\u{2581}", "a\tb", "\u{FFFE}"])
  func oddTextTrainsAndRoundTrips(text: String) throws {
    let tokenizer = try Samples.trained(Samples.options, on: [text])
    let expected = text == "\u{2581}" ? " " : text
    #expect(try tokenizer.decode(tokenizer.encode(text)) == expected)
  }

  @Test func aReservedCharacterDoesNotDropItsSentence() throws {
    let sentences = [String](repeating: "lantern\u{2585}lantern", count: 30)
    let tokenizer = try Samples.trained(Options(vocabularySize: 300), on: sentences)
    #expect(try pieces(tokenizer).contains("lantern"))
    #expect(try tokenizer.decode(tokenizer.encode(sentences[0])) == sentences[0])
  }

  @Test func aLongTextCountsWhole() throws {
    // One text of 90 KB whose last words are nowhere else.
    let text =
      String(repeating: "lantern ", count: 10_000) + String(repeating: "harbour ", count: 999)
    let tokenizer = try Samples.trained(Options(vocabularySize: 300), on: [text])
    let all = try pieces(tokenizer)
    #expect(all.contains("\u{2581}lantern"))
    #expect(all.contains("\u{2581}harbour"))
    #expect(!all.contains("\u{2581}" + "lan\u{2581}"))
  }

  @Test(arguments: SentencePieceTokenizer.Normalization.allCases)
  func aWordOfAnyLengthDoesNotEndTheProcess(
    normalization: SentencePieceTokenizer.Normalization
  ) throws {
    // U+FDFA becomes 18 characters under NFKC.
    let words = [
      String(repeating: "xyz", count: 40_000), String(repeating: "\u{FDFA}", count: 12_000),
      String(repeating: " ", count: 100_000) + "x",
    ]
    var options = Options(vocabularySize: 300, normalization: normalization)
    _ = try Samples.trained(options, on: words)
    options.addDummyPrefix = true
    _ = try Samples.trained(options, on: words)
  }
}

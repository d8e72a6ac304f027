import Formats
import Testing
import Tokenization

@Suite struct AddedTokensTests {
  private func cut(
    _ text: String, _ tokens: [AddedToken], _ prefix: DummyPrefix = .none, splits: Bool = false
  ) -> [String] {
    AddedTokens(tokens, prefix: prefix, splitsSpecial: splits).parts(of: text).map {
      switch $0 {
      case .token(let token): "#\(token.id)"
      case .text(let text, let isPrefixed): isPrefixed ? "^" + text : text
      }
    }
  }

  private let chat = [
    AddedToken(id: 9, text: "<|a|>"), AddedToken(id: 8, text: "<b>", isSpecial: false),
  ]

  @Test func tokensAreCutOut() {
    #expect(cut("1<|a|>2<b><b> 3<|a", chat) == ["1", "#9", "2", "#8", "#8", " 3<|a"])
    #expect(cut("", chat) == [] && cut("<b>", chat) == ["#8"] && cut("12", []) == ["12"])
  }

  @Test func theLeftmostCountsThenTheLongest() {
    let tokens = [
      AddedToken(id: 1, text: "ab"), AddedToken(id: 2, text: "abc"), AddedToken(id: 3, text: "bcd"),
    ]
    #expect(cut("abcd", tokens) == ["#2", "d"])
    #expect(cut("xabd bcd", tokens) == ["x", "#1", "d ", "#3"])
    #expect(cut("e\u{301}", [AddedToken(id: 4, text: "e")]) == ["#4", "\u{301}"])
  }

  @Test func whiteSpaceIsTakenUpAsItSays() {
    func token(_ before: Bool, _ after: Bool) -> [AddedToken] {
      [AddedToken(id: 7, text: "<t>", stripsBefore: before, stripsAfter: after)]
    }
    #expect(cut("1 \n<t> \u{3000}2", token(true, false)) == ["1", "#7", " \u{3000}2"])
    #expect(cut("1 \n<t> \u{3000}2", token(false, true)) == ["1 \n", "#7", "2"])
    #expect(cut(" <t> <t> ", token(true, true)) == ["#7", "#7"])
    let word = [AddedToken(id: 7, text: "ab", isWholeWord: true)]
    #expect(cut("ab .ab. xab ab1 _ab \u{E9}ab", word) == ["#7", " .", "#7", ". xab ab1 _ab éab"])
  }

  /// With a look at the whole text for each token this would not end.
  @Test func aTokenLooksNoFurtherThanItsWhiteSpace() {
    let tokens = [
      AddedToken(
        id: 7, text: "<t>", isWholeWord: true, stripsBefore: true, stripsAfter: true)
    ]
    let text = String(repeating: "1 <t> é", count: 20_000)
    #expect(cut(text, tokens).count { $0 == "#7" } == 20_000)
  }

  @Test func specialOnesAreTextWhereTheyAreSplit() {
    #expect(cut("<|a|><b>", chat, splits: true) == ["<|a|>", "#8"])
  }

  @Test(
    arguments: [
      (DummyPrefix.none, ["1", "#9", "2", "#9", " 3"]),
      (.everyPart, ["^1", "#9", "^2", "#9", "^ 3"]),
      (.unspacedParts, ["^1", "#9", "^2", "#9", " 3"]),
      (.unspacedText, ["^1", "#9", "2", "#9", " 3"]),
    ]) func thePrefixStandsWhereItBelongs(prefix: DummyPrefix, parts: [String])
  {
    #expect(cut("1<|a|>2<|a|> 3", chat, prefix) == parts)
    let spaced = prefix == .everyPart ? ["^ 1"] : [" 1"]
    #expect(cut(" 1", chat, prefix) == spaced && cut(" 1", [], prefix) == spaced)
    #expect(cut("<|a|>2", chat, prefix).first == "#9")
  }

  /// As `tokenizers` has it: the normalizer puts its prefix before such a token as well.
  @Test func normalizedOnesAreSoughtInWhatIsNormalized() {
    let tokens = [
      AddedToken(id: 9, text: "<|a|>"),
      AddedToken(id: 5, text: "a b", isSpecial: false, isNormalized: true),
    ]
    #expect(cut("1a b<|a|>a b", tokens) == ["1", "#5", "#9", "#5"])
    #expect(
      cut("1a b<|a|>a b1", tokens, .everyPart) == ["\u{2581}1a\u{2581}b", "#9", "#5", "1"])
  }

  // MARK: With a model

  private func tokenizer(
    _ tokens: [AddedToken], prefix: DummyPrefix? = nil,
    _ change: (inout TokenizerSettings) -> Void = { _ in }
  ) throws -> SentencePieceTokenizer {
    var model = Samples.model(
      .bpe, [.init("1"), .init("2"), .init("\u{2581}"), .init("\u{2581}1", score: 1), .init("<x>")])
    model.normalizer.addsDummyPrefix = true
    var settings = TokenizerSettings()
    (settings.addedTokens, settings.prefix) = (tokens, prefix)
    change(&settings)
    return try SentencePieceTokenizer(
      bytes: model.serialized(), name: "test.model", settings: settings)
  }

  @Test func idsAndTextOfTokensBeyondThePieces() throws {
    let tokens = [
      AddedToken(id: 8, text: "<|a|>"), AddedToken(id: 10, text: "<b>", isSpecial: false),
    ]
    let tokenizer = try tokenizer(tokens)
    #expect(tokenizer.vocabularySize == 11)
    #expect(tokenizer.encode("1<|a|>1<b>2") == [6, 8, 6, 10, 5, 4])
    #expect(try tokenizer.pieces(of: "1<b>") == ["\u{2581}1", "<b>"])
    #expect(try tokenizer.decode([6, 8, 6, 10, 5, 4]) == "1 1<b> 2")
    #expect(try tokenizer.decode([8, 6]) == "1" && tokenizer.decode([10, 6]) == "<b> 1")
    #expect(try tokenizer.decode([9]) == "")  // A gap.
    #expect(try tokenizer.kind(of: 8) == .control && tokenizer.piece(of: 10) == "<b>")
    let first = try self.tokenizer(tokens, prefix: .unspacedText)
    #expect(first.encode("1<|a|>1") == [6, 8, 3] && first.encode(" 1") == [6])
    let bare = try self.tokenizer(tokens, prefix: DummyPrefix.none)
    #expect(bare.encode("1<|a|>1") == [3, 8, 3])
    #expect(try bare.decode([6, 8, 3]) == " 11")
  }

  @Test func tokensWithARoleHaveTheIDOfTheirPieceOrTheNext() throws {
    let tokenizer = try tokenizer([AddedToken(id: 8, text: "<|a|>", isSpecial: false)]) {
      ($0.end, $0.namedTokens) = ("<|end|>", ["<|end|>", "<|a|>", "<s>"])
      $0.furtherTokens = ["<|more|>", "<x>"]
    }
    #expect(tokenizer.endIDs == [9, 2])
    #expect(tokenizer.encode("<|end|><|more|><x><s></s>").prefix(4) == [9, 10, 7, 1])
    #expect(try tokenizer.decode([8, 9, 10, 7]) == "")
  }

  @Test func contradictionsAreRefused() {
    for (token, problem) in [
      (
        AddedToken(id: 8, text: "<x>"),
        "test.model: added token \"<x>\" has the id 8, and is piece 7 of test.model"
      ),
      (
        AddedToken(id: 3, text: "<y>"),
        "test.model: added token \"<y>\" has the id 3, which is piece \"1\" of test.model"
      ),
    ] {
      let error = #expect(throws: FormatError.self) { try tokenizer([token]) }
      #expect(error?.description == problem)
    }
  }
}

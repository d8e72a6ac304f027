import Formats
import Foundation
import Testing
import Tokenization

@Suite struct SentencePieceTokenizerTests {
  let tokenizer: SentencePieceTokenizer

  init() throws { tokenizer = try Samples.trained() }

  @Test func emptyTextHasNoIDs() throws {
    #expect(tokenizer.encode("") == [])
    #expect(try tokenizer.decode([]) == "")
    #expect(try tokenizer.pieces(of: "") == [])
  }

  @Test(arguments: ["\0", "a\0b", "\0\0 12\0", "\u{FFFD}\0\u{10FFFF}"])
  func textMayHoldNUL(text: String) throws {
    #expect(try Array(tokenizer.decode(tokenizer.encode(text)).utf8) == Array(text.utf8))
    #expect(try tokenizer.pieces(of: text).count == tokenizer.encode(text).count)
  }

  @Test func anyTextSurvivesTheRoundTrip() throws {
    var generator = SplitMix64(state: 1)
    for _ in 0..<2000 {
      let text = Samples.randomText(using: &generator)
      let decoded = try tokenizer.decode(tokenizer.encode(text))
      #expect(Array(decoded.utf8) == Array(text.utf8), "\(text.debugDescription)")
    }
  }

  @Test(arguments: [-1, .min, .max, Int(Int32.max), Int(Int32.max) + 1, 1 << 32])
  func idsThatDoNotExistAreNamed(id: Int) throws {
    let size = tokenizer.vocabularySize
    #expect(throws: TokenizerError.idOutOfRange(id: id, position: 1, vocabularySize: size)) {
      try tokenizer.decode([3, id])
    }
    #expect(throws: TokenizerError.self) { try tokenizer.piece(of: id) }
    #expect(throws: TokenizerError.self) { try tokenizer.score(of: id) }
    #expect(throws: TokenizerError.self) { try tokenizer.kind(of: id) }
  }

  @Test func theFirstIDBeyondTheVocabularyIsRefused() throws {
    let size = tokenizer.vocabularySize
    _ = try tokenizer.decode([size - 1])
    let error = #expect(throws: TokenizerError.self) { try tokenizer.decode([size]) }
    #expect(
      error?.description == "token_ids[0]: no such token (got \(size); need 0 to \(size - 1))")
  }

  @Test(arguments: ["<s>", "</s>", "<unk>", "<|user|>", "a<|end|>b", "<0x41>", "<s><s>"])
  func controlSymbolsAreNotReadOutOfText(text: String) throws {
    let ids = tokenizer.encode(text)
    #expect(try ids.allSatisfy { try [.normal, .byte].contains(tokenizer.kind(of: $0)) })
    #expect(try tokenizer.decode(ids) == text)
  }

  @Test func controlIDsDecodeToNothing() throws {
    let user = try #require(tokenizer.id(of: "<|user|>"))
    let (bos, eos) = (try #require(tokenizer.bosID), try #require(tokenizer.eosID))
    #expect(try tokenizer.kind(of: user) == .control)
    let ids = [bos] + tokenizer.encode("12 plus") + [user, eos] + tokenizer.encode(" 3") + [eos]
    #expect(try tokenizer.decode(ids) == "12 plus 3")
    #expect(try tokenizer.decode([bos, user, eos]) == "")
  }

  @Test func aCharacterCutShortDecodesToReplacements() throws {
    let ids = tokenizer.encode("\u{1F680}")  // not in the text trained on: four bytes
    #expect(ids.count == 4)
    #expect(try tokenizer.decode(Array(ids.prefix(2))) == "\u{FFFD}\u{FFFD}")
    #expect(try tokenizer.decode(ids) == "\u{1F680}")
  }

  @Test func everyPieceIsFoundByItsSpelling() throws {
    for id in 0..<tokenizer.vocabularySize {
      #expect(try tokenizer.id(of: tokenizer.piece(of: id)) == id)
    }
    for absent in ["", "lighthousekeeper", "\0", "<s>\0"] {
      #expect(tokenizer.id(of: absent) == nil)
    }
  }

  @Test func spellingsAreToldApartByTheirBytes() throws {
    let tokenizer = try Samples.tokenizer(
      Samples.model(.bpe, [.init("\u{E9}"), .init("e\u{301}")]))
    #expect(tokenizer.id(of: "\u{E9}") == 3)
    #expect(tokenizer.id(of: "e\u{301}") == 4)
    #expect(tokenizer.encode("\u{E9}") == [3])
  }

  @Test func withoutByteFallbackTheUnknownPieceCoversText() throws {
    let tokenizer = try Samples.tokenizer(Samples.model(.unigram, [.init("a", score: -1)]))
    #expect(tokenizer.encode("axya") == [3, 0, 3])
    #expect(try tokenizer.pieces(of: "axya") == ["a", "xy", "a"])
    #expect(try tokenizer.decode([3, 0, 3]) == "a \u{2047} a")
    #expect(tokenizer.unknownID == 0)
  }

  @Test func specialPiecesAreFoundByTheNamesTheModelGives() throws {
    var model = Samples.model(.bpe, [.init("[PAD]", kind: .control), .init("a")])
    model.trainer.bosPiece = "</s>"
    model.trainer.eosPiece = "a"  // no control symbol
    model.trainer.paddingPiece = "[PAD]"
    let tokenizer = try Samples.tokenizer(model)
    #expect(tokenizer.bosID == 2)
    #expect(tokenizer.eosID == nil)
    #expect(tokenizer.paddingID == 3)
  }

  @Test func threadsMayShareATokenizer() async throws {
    let texts = (0..<200).map { "What is \($0) plus the \(7 * $0) ships?" }
    let alone = texts.map(tokenizer.encode)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask { [tokenizer] in texts.map(tokenizer.encode) == alone }
      }
      for await same in group { #expect(same) }
    }
  }

  @Test func aMissingFileIsNamed() throws {
    let error = #expect(throws: FormatError.self) {
      try SentencePieceTokenizer(path: "/nonexistent/tokenizer.model")
    }
    #expect(error?.isMissing == true)
    #expect(error?.description.hasPrefix("/nonexistent/tokenizer.model: ") == true)
  }

  @Test func theFilesBytesAreKept() throws {
    let bytes = try Samples.mistral()
    #expect(try SentencePieceTokenizer(bytes: bytes, name: "mistral").modelBytes == bytes)
  }
}

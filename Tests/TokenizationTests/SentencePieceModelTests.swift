import Formats
import Testing
import Tokenization

@Suite struct SentencePieceModelTests {
  typealias Piece = SentencePieceModel.Piece

  private func load(_ bytes: [UInt8]) throws(FormatError) -> SentencePieceTokenizer {
    try SentencePieceTokenizer(bytes: bytes, name: "m")
  }

  @Test func whatIsWrittenReadsBack() throws {
    var model = Samples.model(
      .bpe, [.init("ab", score: -0.5), .init("a", score: -1e30), .init("x", kind: .userDefined)])
    model.trainer.treatsWhitespaceAsSuffix = true
    model.trainer.unknownSurface = ""
    model.trainer.paddingPiece = "</s>"
    model.normalizer.name = "identity"
    model.normalizer.escapesWhitespace = false
    let read = try SentencePieceModel(parsing: model.serialized(), file: "m")
    #expect(read.pieces.map(\.text) == model.pieces.map(\.text))
    #expect(read.pieces.map(\.score) == model.pieces.map(\.score))
    #expect(read.pieces.map(\.kind) == model.pieces.map(\.kind))
    #expect(read.serialized() == model.serialized())
    #expect(String(describing: read) == String(describing: model))
  }

  @Test func absentFieldsTakeTheFormatsDefaults() throws {
    // A piece of no type and score; an empty trainer and normalizer specification.
    let read = try SentencePieceModel(
      parsing: [0x0A, 3, 0x0A, 1, 0x61] + [0x12, 0] + [0x1A, 0], file: "m")
    #expect(read.pieces[0].kind == .normal)
    #expect(read.pieces[0].score == 0)
    #expect(read.trainer.algorithm == .unigram)
    #expect(read.normalizer.addsDummyPrefix)
    #expect(read.normalizer.removesExtraWhitespace)
    #expect(read.normalizer.escapesWhitespace)
  }

  @Test func everyTruncationOfATrainedModelIsRefused() throws {
    let bytes = try Samples.trained().modelBytes
    for count in 0..<bytes.count {
      #expect(throws: FormatError.self) { try load(Array(bytes[..<count])) }
    }
  }

  @Test func truncationsOfALargeModelAreRefused() throws {
    let bytes = try Samples.mistral()
    let counts =
      Array(stride(from: 0, to: bytes.count, by: 2503)) + (bytes.count - 100..<bytes.count)
    for count in counts {
      #expect(throws: FormatError.self) { try load(Array(bytes[..<count])) }
    }
  }

  @Test func anyDamageGivesAnErrorOrAWorkingTokenizer() throws {
    let bytes = try Samples.trained().modelBytes
    var generator = SplitMix64(state: 5)
    var loaded = 0
    for _ in 0..<1500 {
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        damaged[Int.random(in: 0..<bytes.count, using: &generator)] =
          UInt8.random(in: 0...255, using: &generator)
      }
      guard let tokenizer = try? load(damaged) else { continue }
      loaded += 1
      let ids = tokenizer.encode("What is 12 plus \u{4E2D}\0 <s>?")
      #expect(ids.allSatisfy { (0..<tokenizer.vocabularySize).contains($0) })
      _ = try tokenizer.decode(ids + Array(0..<tokenizer.vocabularySize))
    }
    #expect(loaded > 0)
  }

  @Test(arguments: [
    ([Piece("")], "m: pieces[3]: the piece is empty"),
    ([Piece("a"), Piece("a")], "m: pieces[4]: \"a\" is already piece 3"),
    ([Piece("<s>")], "m: pieces[3]: \"<s>\" is already piece 1"),
    ([Piece("?", kind: .unknown)], "m: pieces[3]: a second unknown piece, after 0"),
    ([Piece("a\0b")], "m: pieces[3].piece: holds a NUL character"),
    (
      [Piece(String(repeating: "a", count: 4097))],
      "m: pieces[3].piece: too long (got 4097 bytes; need at most 4096)"
    ),
    ([Piece("a", score: .nan)], "m: pieces[3].score: not a finite number"),
    ([Piece("a", score: -.infinity)], "m: pieces[3].score: not a finite number"),
    (
      [Piece("<0x41>", kind: .byte)],
      "m: pieces[3]: is a byte, but trainer_spec.byte_fallback is off"
    ),
    (
      [Piece("X", kind: .control)],
      "m: pieces[3]: a control symbol of one character would match ordinary text"
    ),
    (
      (1...65).map { Piece(String(repeating: "z", count: $0), kind: .userDefined) },
      "m: pieces: more than 64 user-defined pieces are prefixes of each other"
    ),
  ])
  func badPiecesAreNamed(pieces: [Piece], description: String) throws {
    let error = #expect(throws: FormatError.self) {
      try load(Samples.model(.bpe, pieces).serialized())
    }
    #expect(error?.description == description)
  }

  @Test func bytePiecesMustBeAllThereAndSpelledRight() throws {
    func model(_ spelling: (Int) -> String?) -> [UInt8] {
      var model = Samples.model(
        .bpe, (0..<256).compactMap(spelling).map { Piece($0, kind: .byte) })
      model.trainer.byteFallback = true
      return model.serialized()
    }
    func name(_ byte: Int) -> String {
      "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }
    #expect(try load(model { name($0) }).encode("\u{E9}") == [3 + 0xC3, 3 + 0xA9])
    var error = #expect(throws: FormatError.self) { try load(model { $0 == 9 ? nil : name($0) }) }
    #expect(
      error?.description == "m: pieces: <0x09> is missing, but trainer_spec.byte_fallback is on")
    error = #expect(throws: FormatError.self) {
      try load(model { $0 == 10 ? "<0x0a>" : name($0) })
    }
    #expect(
      error?.description
        == "m: pieces[13]: is not a byte (got \"<0x0a>\"; need \"<0x00>\" to \"<0xFF>\")")
  }

  @Test(
    arguments: [
      // After a whole model: field, then its bytes.
      ([0x12, 0], "m: second trainer_spec at byte"),
      ([0x1A, 0], "m: second normalizer_spec at byte"),
      ([0x2A, 3, 0x12, 1, 0], "m: denormalizer_spec: rules for decoding are not supported"),
      ([0x0A, 2, 0x18, 9], "m: pieces[3].type: unknown"),
      ([0x0A, 3, 0x0A, 1, 0xFF], "m: pieces[3].piece: not UTF-8"),
      ([0x0A, 2, 0x08, 1], "m: pieces[3].piece: not a string"),
      ([0x0A, 2, 0x10, 1], "m: pieces[3].score: not a finite number"),
      ([0x08, 1], "m: pieces[3]: not a message"),
      ([0x0B], "m: field 1 has wire type 3 at byte"),
      ([0x0A, 200], "m: "),
    ] as [([UInt8], String)])
  func badMessagesAreNamed(suffix: [UInt8], description: String) throws {
    let error = #expect(throws: FormatError.self) {
      try load(Samples.model(.bpe, []).serialized() + suffix)
    }
    #expect(error?.description.hasPrefix(description) == true, "\(String(describing: error))")
  }

  @Test(
    arguments: [
      ([0x12, 2, 0x18, 3], "trainer_spec.model_type: not supported (need 1, unigram, or 2, bpe)"),
      ([0x12, 2, 0x1D, 3], "truncated"),
      ([0x12, 3, 0xC2, 0x01, 0], "trainer_spec.treat_whitespace_as_suffix: not a flag"),
      ([], "trainer_spec: missing; is the file cut short?"),
      ([0x12, 0], "normalizer_spec: missing; is the file cut short?"),
      ([0x12, 0, 0x1A, 0], "pieces: there is no unknown piece"),
      ([0x12, 0, 0x1A, 2, 0x10, 1], "normalizer_spec.precompiled_charsmap: not a string of bytes"),
    ] as [([UInt8], String)])
  func badSpecificationsAreNamed(bytes: [UInt8], description: String) throws {
    let error = #expect(throws: FormatError.self) { try load(bytes) }
    #expect(error?.description.contains(description) == true, "\(String(describing: error))")
  }

  @Test func whatOtherToolsAddIsSkipped() throws {
    // Self-test data (field 4) and an extension (field 200).
    let bytes = Samples.model(.bpe, [Piece("a")]).serialized()
    let tokenizer = try load(bytes + [0x22, 2, 0x0A, 0] + [0xC0, 0x0C, 7])
    #expect(tokenizer.encode("a") == [3])
  }

  @Test func longAndNestedPiecesLoadAndEncode() throws {
    let nested = (1...64).map { Piece(String(repeating: "z", count: $0), kind: .userDefined) }
    let long = Piece(String(repeating: "y", count: 4096), score: -1)
    for algorithm in [SentencePieceModel.Algorithm.unigram, .bpe] {
      let tokenizer = try load(Samples.model(algorithm, nested + [long]).serialized())
      #expect(tokenizer.encode(String(repeating: "z", count: 130)) == [66, 66, 4])
      #expect(tokenizer.encode(String(repeating: "y", count: 4095)).allSatisfy { $0 == 0 })
    }
  }

  @Test func aFileBeyondTheLimitIsRefused() throws {
    let error = #expect(throws: FormatError.self) {
      try SentencePieceModel(
        parsing: [UInt8](repeating: 0, count: SentencePieceModel.maximumBytes + 1), file: "m")
    }
    #expect(error?.description.hasPrefix("m: too large (got 67108865 bytes") == true)
  }
}

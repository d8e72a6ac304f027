import Formats
import Foundation
import Tokenization

/// Texts and models that several suites use.
enum Samples {
  static let sentences =
    (0..<60).map { "What is \($0) plus \(3 * $0)? \(4 * $0)" }
    + [
      "The old lighthouse keeper counted the ships, and the ships counted him.",
      "Caf\u{E9} na\u{EF}ve \u{4E2D}\u{6587} \u{1F600}\nline two\n\n  indented",
    ]

  static let options = SentencePieceTokenizer.TrainingOptions(
    vocabularySize: 512, controlSymbols: ["<|user|>", "<|end|>"])

  static func trained(
    _ options: SentencePieceTokenizer.TrainingOptions = options,
    on sentences: [String] = sentences
  ) throws -> SentencePieceTokenizer {
    try SentencePieceTokenizer(
      bytes: SentencePieceTokenizer.train(sentences: sentences, options: options), name: "trained")
  }

  /// A model of `<unk>`, `<s>`, `</s>` and the given pieces, without a normalizer.
  static func model(
    _ algorithm: SentencePieceModel.Algorithm, _ pieces: [SentencePieceModel.Piece]
  ) -> SentencePieceModel {
    var trainer = SentencePieceModel.Trainer()
    trainer.algorithm = algorithm
    var normalizer = SentencePieceModel.Normalizer()
    normalizer.addsDummyPrefix = false
    normalizer.removesExtraWhitespace = false
    let special: [SentencePieceModel.Piece] = [
      .init("<unk>", kind: .unknown), .init("<s>", kind: .control), .init("</s>", kind: .control),
    ]
    return SentencePieceModel(pieces: special + pieces, trainer: trainer, normalizer: normalizer)
  }

  static func tokenizer(_ model: SentencePieceModel) throws -> SentencePieceTokenizer {
    try SentencePieceTokenizer(bytes: model.serialized(), name: "test.model")
  }

  static func mistral() throws -> [UInt8] {
    try Files.read(fixtures + "/sentencepiece/mistral-v1.model", maximumBytes: 1 << 20)
  }

  static let fixtures = Bundle.module.bundlePath + "/Fixtures"

  /// Text of every kind of character there is, but for U+2581, which stands for a space.
  static func randomText(using generator: inout some RandomNumberGenerator) -> String {
    let ranges: [ClosedRange<UInt32>] = [
      0...0x7F, 0x20...0x7E, 0x80...0x7FF, 0x800...0xD7FF, 0xE000...0xFFFF, 0x10000...0x10FFFF,
      0x300...0x36F, 0x20...0x20,
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0...40, using: &generator) {
      let range = ranges[Int.random(in: 0..<ranges.count, using: &generator)]
      guard let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)),
        scalar != "\u{2581}"
      else { continue }
      text.unicodeScalars.append(scalar)
    }
    return text
  }
}

/// A repeatable generator: Steele, Lea & Flood 2014.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z &>> 31)
  }
}

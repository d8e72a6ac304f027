import CSentencePiece
import Formats

extension SentencePieceTokenizer {
  /// How a vocabulary is trained: byte-pair encoding, with `<unk>` 0, `<s>` 1 and `</s>` 2.
  ///
  /// The defaults are those under which SentencePiece, transformers and llama.cpp encode alike.
  public struct TrainingOptions: Sendable {
    /// The most pieces there may be; a small text gives fewer.
    public var vocabularySize: Int

    /// Symbols with an id of their own that no text encodes to, such as `<|user|>`.
    public var controlSymbols: [String]

    /// How text is changed before it is encoded.
    public var normalization: Normalization

    /// Whether what has no piece is spelled in bytes, which makes every text encodable.
    public var byteFallback: Bool

    /// Whether each digit is a piece of its own.
    public var splitDigits: Bool

    /// Whether a space is put before every text, so that its first word is like the others.
    public var addDummyPrefix: Bool

    /// The share of the text's characters that must be pieces; the rarest beyond it are not.
    public var characterCoverage: Double

    /// Creates options; by default byte-pair encoding of unchanged text, with bytes for the rest.
    public init(
      vocabularySize: Int, controlSymbols: [String] = [], normalization: Normalization = .identity,
      byteFallback: Bool = true, splitDigits: Bool = true, addDummyPrefix: Bool = false,
      characterCoverage: Double = 0.9995
    ) {
      (self.vocabularySize, self.controlSymbols) = (vocabularySize, controlSymbols)
      (self.normalization, self.byteFallback) = (normalization, byteFallback)
      (self.splitDigits, self.addDummyPrefix) = (splitDigits, addDummyPrefix)
      self.characterCoverage = characterCoverage
    }
  }

  /// The rules that come with SentencePiece, under its names; only `identity` loses nothing.
  public enum Normalization: String, Sendable, CaseIterable {
    /// Text stays as it is.
    case identity
    /// Unicode's NFKC.
    case nfkc
    /// NFKC with more characters taken for white space.
    case nmtNFKC = "nmt_nfkc"
    /// NFKC and Unicode's case folding.
    case nfkcCaseFolding = "nfkc_cf"
    /// ``nmtNFKC`` and Unicode's case folding.
    case nmtNFKCCaseFolding = "nmt_nfkc_cf"
  }

  /// Trains a vocabulary and returns its model file's bytes: the same for the same input.
  ///
  /// A piece never spans U+0009 or U+2585, which the library reserves, or a control symbol. A text
  /// longer than 8 KiB is learnt in parts cut at spaces, because the library ends the process at a
  /// word of 65,536 characters.
  ///
  /// - Throws: `TokenizerError.option` for a value that cannot be, with the least vocabulary size
  ///   where it is too small, and `TokenizerError.corpus` when there is no text.
  public static func train(
    sentences: some Sequence<String>, options: TrainingOptions
  ) throws(TokenizerError) -> [UInt8] {
    try options.validate()
    var text: [UInt8] = []
    var ends: [Int] = []
    for sentence in sentences {
      SentenceParts.append(sentence, to: &text, ends: &ends)
    }
    guard !ends.isEmpty else { throw .corpus("there is nothing to train on") }
    let bytes = try train(text: text, ends: ends, options: options)
    let size: Int
    do throws(FormatError) {
      let model = try SentencePieceModel(parsing: bytes, file: "the trained model")
      try model.validate(file: "the trained model")
      size = model.pieces.count
    } catch {
      throw .library(error.description)
    }
    // The ceiling was checked, but a small text may end at a size that must not be.
    try TrainingOptions.refuseMisread(size)
    return bytes
  }

  private static func train(
    text: [UInt8], ends: [Int], options: TrainingOptions
  ) throws(TokenizerError) -> [UInt8] {
    let arguments = options.arguments.flatMap { key, value in
      Array(key.utf8) + [0] + Array(value.utf8) + [0]
    }.map { CChar(bitPattern: $0) }
    var result = unsafe csp_bytes()
    do {
      try unsafe ErrorText.check { error, capacity in
        unsafe arguments.withUnsafeBufferPointer { arguments in
          unsafe text.withUnsafeBufferPointer { text in
            unsafe ends.withUnsafeBufferPointer { ends in
              // SAFETY: everything lives until the call returns, and `ends` stays within `text`.
              unsafe csp_train(
                arguments.baseAddress, arguments.count, text.baseAddress, ends.baseAddress,
                ends.count, &result, error, capacity)
            }
          }
        }
      }
    } catch {
      throw options.explained(error)
    }
    defer { unsafe csp_free_bytes(result) }
    // SAFETY: the shim gives `count` bytes, ours until they are freed.
    return unsafe Array(UnsafeBufferPointer(start: result.values, count: result.count))
  }
}

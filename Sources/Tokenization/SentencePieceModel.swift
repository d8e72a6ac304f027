/// What a piece is for.
public enum PieceKind: Int, Sendable {
  /// A piece of text.
  case normal = 1
  /// The piece for text that has no other.
  case unknown
  /// A piece that no text encodes to, such as `<s>`.
  case control
  /// A piece that is always kept whole in a text.
  case userDefined
  /// A piece that is never used.
  case unused
  /// One byte of a character that has no piece, such as `<0x0A>`.
  case byte
}

/// The content of a SentencePiece model file, as far as it decides how text is encoded.
///
/// Field numbers and defaults are those of `sentencepiece_model.proto`. What a file may hold
/// beyond it (how it was trained, self-test samples) is skipped.
package struct SentencePieceModel: Sendable {
  package struct Piece: Sendable {
    package var text: String
    package var score: Float
    package var kind: PieceKind

    package init(_ text: String, score: Float = 0, kind: PieceKind = .normal) {
      (self.text, self.score, self.kind) = (text, score, kind)
    }
  }

  /// The algorithms that can be read and written; the format has two more, `word` and `char`.
  package enum Algorithm: Int, Sendable {
    case unigram = 1
    case bpe = 2
  }

  package struct Trainer: Sendable {
    package var algorithm = Algorithm.unigram
    package var treatsWhitespaceAsSuffix = false
    package var byteFallback = false
    package var unknownSurface = " \u{2047} "
    var unknownPiece = "<unk>"
    package var bosPiece = "<s>"
    package var eosPiece = "</s>"
    package var paddingPiece = "<pad>"

    package init() {}
  }

  package struct Normalizer: Sendable {
    package var name = ""
    /// Rules that replace characters, compiled to a trie; empty for none.
    package var charsmap: [UInt8] = []
    package var addsDummyPrefix = true
    package var removesExtraWhitespace = true
    package var escapesWhitespace = true

    package init() {}
  }

  package var pieces: [Piece]
  package var trainer: Trainer
  package var normalizer: Normalizer

  package init(pieces: [Piece], trainer: Trainer, normalizer: Normalizer) {
    (self.pieces, self.trainer, self.normalizer) = (pieces, trainer, normalizer)
  }
}

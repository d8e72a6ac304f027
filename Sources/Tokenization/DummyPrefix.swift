/// Where a "▁" is put before text that does not begin with one.
public enum DummyPrefix: Sendable, Equatable {
  /// Nowhere.
  case none
  /// Before every part between added tokens, one that begins with a space included: what
  /// SentencePiece does, and the normalizer `Prepend`.
  case everyPart
  /// Before every part that does not begin with a space (`Metaspace`, `always`).
  case unspacedParts
  /// Before the text, unless it begins with a space or an added token (`Metaspace`, `first`).
  case unspacedText
}

/// A text as a dictionary key, told apart by its UTF-8 bytes.
///
/// `String` itself takes canonically equivalent texts for equal ("é" as one scalar and as
/// two), which names in files and vocabulary pieces must not be.
package struct ByteKey: Hashable, Sendable {
  /// The text that is the key.
  package let text: String

  /// Makes a key of a text.
  package init(_ text: String) { self.text = text }

  /// Whether both texts have the same UTF-8 bytes.
  package static func == (a: ByteKey, b: ByteKey) -> Bool { a.text.hasSameBytes(as: b.text) }

  /// Hashes the UTF-8 bytes.
  package func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(0xFF as UInt8)
  }
}

/// A text as a dictionary key, told apart by its UTF-8 bytes.
///
/// `String` itself takes canonically equivalent texts for equal ("é" as one scalar and as
/// two), which names in files and vocabulary pieces must not be.
public struct ByteKey: Hashable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  public static func == (a: ByteKey, b: ByteKey) -> Bool { a.text.hasSameBytes(as: b.text) }

  public func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
    hasher.combine(0xFF as UInt8)
  }
}

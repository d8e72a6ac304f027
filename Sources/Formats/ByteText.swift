/// Text by its bytes.
///
/// `String`'s own `==`, `contains`, `split` and `hasPrefix` go by characters: "\r\n" is one, so that
/// no "\n" is found in it, and "é" as one scalar equals "e" with a combining accent. What users
/// write is compared, looked for and cut by these functions instead, and stands in dictionaries as
/// a ``ByteKey``. Nothing is normalised.
extension String {
  /// Whether both texts are the same bytes.
  @inlinable package func hasSameBytes(as other: String) -> Bool {
    utf8.elementsEqual(other.utf8)
  }

  /// Where the bytes of `part` first occur; at the start when it is empty.
  package func firstRange(ofBytes part: String) -> Range<Index>? {
    ByteSearch.first(Array(part.utf8), in: Array(utf8)).map { position in
      let start = utf8.index(startIndex, offsetBy: position)
      return start..<utf8.index(start, offsetBy: part.utf8.count)
    }
  }

  /// Whether the bytes of `part` occur; an empty one always does.
  package func contains(bytes part: String) -> Bool { firstRange(ofBytes: part) != nil }

  /// What stands between occurrences of `separator`, which must not be empty; parts may be empty.
  package func split(bytes separator: String) -> [String] {
    precondition(!separator.isEmpty, "nothing separates nothing")
    let (bytes, mark) = (Array(utf8), Array(separator.utf8))
    var parts: [String] = []
    var start = 0
    while let next = ByteSearch.first(mark, in: bytes, from: start) {
      parts.append(String(decoding: bytes[start..<next], as: UTF8.self))
      start = next + mark.count
    }
    return parts + [String(decoding: bytes[start...], as: UTF8.self)]
  }

  /// The text with every occurrence of `part`, which must not be empty, replaced.
  package func replacing(bytes part: String, with replacement: String) -> String {
    split(bytes: part).joined(separator: replacement)
  }

  /// The parts before and after the first `byte` of ASCII; nil when there is none.
  package func cut(at byte: Unicode.Scalar) -> (before: String, after: String)? {
    guard let index = utf8.firstIndex(of: UInt8(ascii: byte)) else { return nil }
    return (String(self[..<index]), String(self[utf8.index(after: index)...]))
  }

  /// The text without white space at its ends: without scalars that have Unicode's property
  /// White_Space.
  package var trimmingWhiteSpace: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}

/// Looks for bytes in bytes.
package enum ByteSearch {
  /// Where `part` first occurs in `text` at or after `start`; an empty one there.
  ///
  /// - Complexity: the product of both lengths at worst.
  package static func first(_ part: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
    guard start >= 0, text.count - start >= part.count else { return nil }
    return (start...(text.count - part.count)).first { occurs(part, in: text, at: $0) }
  }

  /// Where `part` last occurs in `text`, or in its first `end` bytes.
  package static func last(
    _ part: [UInt8], in text: [UInt8], endingBy end: Int? = nil
  ) -> Int? {
    let end = end ?? text.count
    guard end >= part.count else { return nil }
    return (0...(end - part.count)).last { occurs(part, in: text, at: $0) }
  }

  private static func occurs(_ part: [UInt8], in text: [UInt8], at position: Int) -> Bool {
    part.indices.allSatisfy { text[position + $0] == part[$0] }
  }
}

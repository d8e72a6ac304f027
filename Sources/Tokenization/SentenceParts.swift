/// Cuts the texts to train on into what the trainer can take.
enum SentenceParts {
  /// The largest part.
  ///
  /// The trainer counts a word's characters in 16 bits. No normalization makes more than six
  /// characters of one byte, so that a part stays below that even if it is a single word.
  static let maximumBytes = 8192

  /// Appends the parts of `sentence` to `text`, and where each ends to `ends`.
  ///
  /// U+2585 is left out: the trainer drops a sentence that holds it.
  static func append(_ sentence: String, to text: inout [UInt8], ends: inout [Int]) {
    var part: [UInt8] = []
    // Where the part may be cut: before its last run of spaces.
    var lastSpace: Int?
    var previous: Unicode.Scalar?
    for scalar in sentence.unicodeScalars {
      if scalar == "\u{2585}" {
        close(&part, part.count, &text, &ends)
        (lastSpace, previous) = (nil, nil)
        continue
      }
      let bytes = UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
      if part.count + bytes.count > maximumBytes {
        close(&part, lastSpace ?? part.count, &text, &ends)
        lastSpace = nil
      }
      if scalar == " ", previous != " ", !part.isEmpty { lastSpace = part.count }
      part.append(contentsOf: bytes)
      previous = scalar
    }
    close(&part, part.count, &text, &ends)
  }

  private static func close(
    _ part: inout [UInt8], _ count: Int, _ text: inout [UInt8], _ ends: inout [Int]
  ) {
    guard count > 0 else { return }
    text.append(contentsOf: part[..<count])
    ends.append(text.count)
    part.removeFirst(count)
  }
}

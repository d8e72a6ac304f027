/// Numbers and strings.
extension JSONParser {
  /// Longer spellings of a number are refused; Python reads no longer ones either.
  private static var maximumNumberBytes: Int { 4300 }

  mutating func parseNumber() throws(FormatError) -> JSON {
    let start = position
    var isWhole = true
    if current == UInt8(ascii: "-") { position += 1 }
    if current == UInt8(ascii: "0") {
      position += 1
      if let digit = current, digit.isDigit { throw error("a number with a leading zero") }
    } else {
      try skipDigits()
    }
    if current == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      try skipDigits()
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isWhole = false
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      try skipDigits()
    }
    guard position - start <= Self.maximumNumberBytes || limits.asPythonWrites else {
      throw error("a number of \(position - start) characters")
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // "-0" has a sign that an Int would lose.
    if isWhole, let value = Int(text), !(value == 0 && text.utf8.count > 1) {
      return .integer(value)
    }
    // The shortest spelling of a Double has 17 digits, a sign, a point and an exponent at most.
    if !isWhole, text.utf8.count <= 24, let value = Double(text), value.description == text {
      return .number(value)
    }
    return .numeral(text)
  }

  /// The number that a word stands for which is no JSON; nil where there is none.
  mutating func parseNonFinite() -> Double? {
    let words: [(String, Double)] = [
      ("NaN", .nan), ("Infinity", .infinity), ("-Infinity", -.infinity),
    ]
    for (word, value) in words where starts(with: Array(word.utf8)) {
      position += word.utf8.count
      return value
    }
    return nil
  }

  private mutating func skipDigits() throws(FormatError) {
    guard let digit = current, digit.isDigit else {
      throw error("expected a digit, found \(currentInWords)")
    }
    while let digit = current, digit.isDigit { position += 1 }
  }

  mutating func parseString() throws(FormatError) -> String {
    position += 1
    var text = ""
    while true {
      let start = position
      while position < end, bytes[position] != UInt8(ascii: "\""),
        bytes[position] != UInt8(ascii: "\\"), bytes[position] >= 0x20
      {
        position += 1
      }
      text += try decode(start..<position)
      guard let byte = current else { throw error("a string without its closing quote") }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return text
      case UInt8(ascii: "\\"): text.unicodeScalars.append(try parseEscape())
      default: throw error("an unescaped control character (\(hexadecimal(byte))) in a string")
      }
    }
  }

  private func decode(_ range: Range<Int>) throws(FormatError) -> String {
    if let text = String(validating: bytes[range], as: UTF8.self) { return text }
    let offset = firstInvalidUTF8(in: bytes[range]) ?? range.lowerBound
    throw error(
      "invalid UTF-8 at byte \(offset - lineStart + 1) of the line (\(hexadecimal(bytes[offset])))")
  }

  private mutating func parseEscape() throws(FormatError) -> Unicode.Scalar {
    position += 1
    guard let byte = current else { throw error("a string without its closing quote") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default:
      position -= 1
      throw error("unknown escape: a backslash before \(currentInWords)")
    }
    let unit = try parseCodeUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard UTF16.isLeadSurrogate(unit), starts(with: Array("\\u".utf8)) else {
      return try loneSurrogate(unit)
    }
    let next = position
    position += 2
    let trail = try parseCodeUnit()
    guard UTF16.isTrailSurrogate(trail) else {
      position = next
      return try loneSurrogate(unit)
    }
    return UTF16.decode(UTF16.EncodedScalar([unit, trail]))
  }

  private mutating func parseCodeUnit() throws(FormatError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = byte.hexadecimalDigit else {
        throw error("expected four hexadecimal digits after \\u, found \(currentInWords)")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private func loneSurrogate(_ unit: UInt16) throws(FormatError) -> Unicode.Scalar {
    if limits.asPythonWrites { return "\u{FFFD}" }
    throw error("a lone surrogate \\u" + String(unit, radix: 16) + " in a string")
  }
}

/// A byte as `0xFF`.
func hexadecimal(_ byte: UInt8) -> String {
  "0x" + byte.digits(2, radix: 16, uppercase: true)
}

extension UInt8 {
  /// Whether JSON takes it for white space.
  package var isJSONWhiteSpace: Bool { [0x20, 0x09, 0x0A, 0x0D].contains(self) }

  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

  fileprivate var hexadecimalDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

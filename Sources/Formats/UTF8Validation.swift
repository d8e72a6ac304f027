/// The offset of the first byte that is not part of well-formed UTF-8, or nil.
///
/// Well-formed as in Unicode 16.0, table 3-7: no overlong forms, no surrogates, nothing beyond
/// U+10FFFF. A sequence that is cut short is reported at its first byte.
public func firstInvalidUTF8(in bytes: ArraySlice<UInt8>) -> Int? {
  var i = bytes.startIndex
  let end = bytes.endIndex
  while i < end {
    let lead = bytes[i]
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch lead {
    case 0x00...0x7F:
      i += 1
      continue
    case 0xC2...0xDF: length = 2
    case 0xE0:
      length = 3
      second = 0xA0...0xBF
    case 0xED:
      length = 3
      second = 0x80...0x9F
    case 0xE1...0xEF: length = 3
    case 0xF0:
      length = 4
      second = 0x90...0xBF
    case 0xF1...0xF3: length = 4
    case 0xF4:
      length = 4
      second = 0x80...0x8F
    default: return i
    }
    guard end - i >= length, second.contains(bytes[i + 1]) else { return i }
    for offset in 2..<max(2, length) where !(0x80...0xBF).contains(bytes[i + offset]) { return i }
    i += length
  }
  return nil
}

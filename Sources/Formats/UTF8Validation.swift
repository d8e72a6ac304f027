/// The offset of the first byte that is not part of well-formed UTF-8, or nil.
///
/// Well-formed as in Unicode 16.0, table 3-7: no overlong forms, no surrogates, nothing beyond
/// U+10FFFF. A sequence that is cut short is reported at its first byte.
public func firstInvalidUTF8(in bytes: ArraySlice<UInt8>) -> Int? {
  do {
    _ = try UTF8Span(validating: bytes.span)
    return nil
  } catch {
    return bytes.startIndex + error.byteOffsets.lowerBound
  }
}

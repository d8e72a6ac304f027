import CSentencePiece

/// The buffer in which the C functions report what went wrong.
enum ErrorText {
  private static let capacity = 2048

  /// Calls `body` with room for an error text, and gives its result with that text on one line.
  static func collect<Result>(
    _ body: (UnsafeMutablePointer<CChar>?, Int) -> Result
  ) -> (Result, String) {
    var buffer = [CChar](repeating: 0, count: capacity)
    let result = unsafe buffer.withUnsafeMutableBufferPointer {
      // SAFETY: the callee writes at most `count` bytes, while the buffer lives.
      unsafe body($0.baseAddress, $0.count)
    }
    let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    return (result, lines.joined(separator: " "))
  }

  /// Calls `body` and throws what it reports unless it succeeds.
  static func check(
    _ body: (UnsafeMutablePointer<CChar>?, Int) -> csp_status
  ) throws(TokenizerError) {
    let (status, text) = unsafe collect(body)
    guard status == CSP_OK else { throw .library(text) }
  }
}

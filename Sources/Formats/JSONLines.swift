/// JSON Lines: one JSON object a line.
public enum JSONLines {
  /// Reads every line as a row.
  ///
  /// Lines end with LF or CRLF, the last one also without; blank lines are skipped, but counted.
  ///
  /// What is wrong with lines is thrown when the rows are used.
  public static func rows(
    _ bytes: [UInt8], file: String, limits: JSON.Limits = JSON.Limits(maximumBytes: 16 << 20)
  ) -> Rows {
    var rows = Rows(file: file)
    var number = 0
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      let range = start..<end
      start = end + 1
      number += 1
      if bytes[range].allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      do throws(FormatError) {
        let object = try object(bytes, range, number: number, file: file, limits: limits)
        rows.append(object, line: number)
      } catch {
        guard rows.note(error, atEnd: start >= bytes.count) else { break }
      }
    }
    return rows
  }

  /// Reads every line.
  ///
  /// - Throws: one error for all bad lines, as ``Rows`` does.
  public static func lines(
    _ bytes: [UInt8], file: String, limits: JSON.Limits = JSON.Limits(maximumBytes: 16 << 20)
  ) throws(FormatError) -> [Row] {
    try rows(bytes, file: file, limits: limits).map { $0 }
  }

  private static func object(
    _ bytes: [UInt8], _ range: Range<Int>, number: Int, file: String, limits: JSON.Limits
  ) throws(FormatError) -> JSONObject {
    var parser = JSONParser(
      bytes: bytes, range: range, file: file, limits: limits, firstLine: number)
    let value = try parser.parseDocument()
    guard let object = value.object else {
      throw FormatError("got \(value.kindInWords); need an object", file: file, line: number)
    }
    return object
  }
}

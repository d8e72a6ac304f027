/// JSON Lines: one JSON object a line.
public enum JSONLines {
  /// One line's object, with what an error about it needs to name.
  public struct Line: Sendable {
    public let file: String
    /// The line in the file, counted from 1 and including blank lines.
    public let number: Int
    public let object: JSONObject

    /// An error at this line.
    public func error(field: String? = nil, _ message: String) -> FormatError {
      FormatError(file: file, line: number, field: field, message: message)
    }

    /// The string in `field`; an error names the field if it is missing or something else.
    public func string(_ field: String) throws(FormatError) -> String {
      guard let value = object[field] else {
        let names = object.keys.prefix(8).map { $0.quotedForMessage() }.joined(separator: ", ")
        throw error(field: field, "missing (got \(names.isEmpty ? "no field" : names))")
      }
      guard let text = value.string else {
        throw error(field: field, "got \(value.kindInWords); need a string")
      }
      return text
    }
  }

  /// So many bad lines are collected before the file is given up.
  public static var maximumBadLines: Int { 20 }

  /// Reads every line and makes a record of each.
  ///
  /// Lines end with LF or CRLF, the last one also without; blank lines are skipped, but counted.
  /// `transform` throws for a line that is JSON but not what is needed.
  ///
  /// - Throws: one error for all bad lines, the first 20 at most: `description` begins with the
  ///   first of them and their number, and has one further line for each other one.
  public static func map<Record>(
    _ bytes: [UInt8], file: String, limits: JSON.Limits = JSON.Limits(maximumBytes: 16 << 20),
    _ transform: (Line) throws(FormatError) -> Record
  ) throws(FormatError) -> [Record] {
    var records: [Record] = []
    var faults: [FormatError] = []
    var number = 0
    var start = 0
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw FormatError(
        file: file, line: 1,
        message: "starts with a byte order mark; save it as UTF-8 without one")
    }
    while start < bytes.count, faults.count < maximumBadLines {
      let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
      let range = start..<end
      start = end + 1
      number += 1
      if bytes[range].allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      do throws(FormatError) {
        let line = try self.line(bytes, range, number: number, file: file, limits: limits)
        records.append(try transform(line))
      } catch {
        faults.append(error)
      }
    }
    guard let fault = combined(faults, gaveUp: start < bytes.count) else { return records }
    throw fault
  }

  /// Reads every line.
  public static func lines(
    _ bytes: [UInt8], file: String, limits: JSON.Limits = JSON.Limits(maximumBytes: 16 << 20)
  ) throws(FormatError) -> [Line] {
    try map(bytes, file: file, limits: limits) { $0 }
  }

  private static func line(
    _ bytes: [UInt8], _ range: Range<Int>, number: Int, file: String, limits: JSON.Limits
  ) throws(FormatError) -> Line {
    var parser = JSONParser(
      bytes: bytes, range: range, file: file, limits: limits, firstLine: number)
    let value = try parser.parseDocument()
    guard let object = value.object else {
      throw FormatError(
        file: file, line: number, message: "got \(value.kindInWords); need an object")
    }
    return Line(file: file, number: number, object: object)
  }

  private static func combined(_ faults: [FormatError], gaveUp: Bool) -> FormatError? {
    guard var first = faults.first else { return nil }
    guard faults.count > 1 else { return first }
    let extent =
      faults.count == maximumBadLines && gaveUp
      ? "the first of \(faults.count) bad lines; the rest was not read"
      : "the first of \(faults.count) bad lines"
    first.message += " (\(extent))"
    first.others = Array(faults.dropFirst())
    return first
  }
}

/// Comma- or tab-separated values as RFC 4180 has them, in UTF-8.
///
/// The first line names the columns. Every cell is text, as it stands. A cell that holds a
/// separator, a quotation mark or a line end is written in quotation marks, and those within it
/// twice. Lines end with LF or CRLF, the last one also without; lines without any byte are skipped,
/// but counted.
public enum CSV {
  /// What stands between two cells.
  public enum Separator: Sendable {
    /// A comma: CSV.
    case comma
    /// A tab: TSV.
    case tab

    fileprivate var byte: UInt8 { self == .comma ? UInt8(ascii: ",") : UInt8(ascii: "\t") }
    fileprivate var inWords: String { self == .comma ? "comma" : "tab" }
  }

  /// Longer cells are refused.
  private static let maximumCellBytes = 16 << 20

  /// Reads every line after the first as a row.
  ///
  /// A line with more or fewer cells than there are columns is a bad line, and so is one with a NUL
  /// or invalid UTF-8, and one that is the header again or begins with a byte order mark, as where two
  /// files were put together. A quotation mark out of place ends the reading: what follows could be
  /// anything.
  ///
  /// - Throws: a `FormatError` for a file without columns or rows and for a name that is given to two
  ///   columns. What is wrong with lines is thrown when the rows are used.
  public static func rows(
    _ bytes: [UInt8], file: String, separator: Separator = .comma
  ) throws(FormatError) -> Rows {
    var reader = Reader(bytes: bytes, file: file, separator: separator)
    guard let header = try reader.next() else {
      throw FormatError("empty; need a line with the names of the columns", file: file)
    }
    let names = try header.texts()
    var seen: Set<ByteKey> = []
    for name in names where !seen.insert(ByteKey(name)).inserted {
      throw FormatError("is the name of two columns", file: file, line: header.line, field: name)
    }
    if header.hasMark { throw header.error("a second byte order mark; remove it") }
    let otherMark = names.count == 1 ? Rows.otherMark(in: names[0]) : nil
    var rows = Rows(file: file)
    var isAtEnd = false
    while !isAtEnd {
      do throws(FormatError) {
        guard let record = try reader.next() else { break }
        if record.hasMark {
          throw record.error(
            "starts with a byte order mark: was another file appended here? need one header only")
        }
        guard record.cells.count == names.count else {
          let hint =
            otherMark.map { "cells seem to be separated by \($0.quotedForMessage())" }
            ?? "a \(separator.inWords) within a cell needs quotation marks around the cell"
          throw record.error(
            "got \(record.cells.count) \(record.cells.count == 1 ? "cell" : "cells"); "
              + "need \(names.count), one for each column (\(hint))")
        }
        if record.cells == header.cells {
          throw record.error(
            "repeats the header: was another file appended here? need one header only")
        }
        let texts = try record.texts()
        rows.append(
          JSONObject(zip(names, texts).map { ($0, .string($1)) }), line: record.line)
      } catch {
        isAtEnd = !rows.note(error, atEnd: reader.isAtEnd) || reader.isLost
      }
    }
    guard !rows.isEmpty else {
      throw FormatError("has a header and no rows", file: file, line: header.line)
    }
    return rows
  }

  /// A text as a cell between commas.
  package static func cell(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { !",\"\r\n".utf8.contains($0) }
    return isPlain ? text : "\"\(text.replacing(bytes: "\"", with: "\"\""))\""
  }

  /// The cells of one line, or of several where a cell has line ends in it.
  private struct Record {
    let file: String
    let line: Int
    /// Whether it begins with a byte order mark, which is no part of its cells.
    let hasMark: Bool
    var cells: [[UInt8]]

    func error(_ message: String) -> FormatError {
      FormatError(message, file: file, line: line)
    }

    func texts() throws(FormatError) -> [String] {
      var texts: [String] = []
      for (index, cell) in cells.enumerated() {
        if let offset = firstInvalidUTF8(in: cell[...]) {
          throw error("cell \(index + 1): invalid UTF-8 (\(hexadecimal(cell[offset])))")
        }
        if cell.contains(0) { throw error("cell \(index + 1): a NUL character") }
        texts.append(String(decoding: cell, as: UTF8.self))
      }
      return texts
    }
  }

  private struct Reader {
    private let bytes: [UInt8]
    private let file: String
    private let separator: Separator
    private var position = 0
    private var line = 1
    /// Whether a quotation mark stood where nobody can tell what it meant.
    private(set) var isLost = false

    init(bytes: [UInt8], file: String, separator: Separator) {
      (self.bytes, self.file, self.separator) = (bytes, file, separator)
    }

    var isAtEnd: Bool { position == bytes.count }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    /// The next line that is not blank; nil at the end.
    mutating func next() throws(FormatError) -> Record? {
      while try skipLineEnd() {}
      guard !isAtEnd else { return nil }
      let hasMark = bytes[position...].starts(with: [0xEF, 0xBB, 0xBF])
      if hasMark { position += 3 }
      var record = Record(file: file, line: line, hasMark: hasMark, cells: [])
      while true {
        record.cells.append(
          current == UInt8(ascii: "\"") ? try quotedCell(record) : try plainCell(record))
        if current == separator.byte {
          position += 1
        } else if try skipLineEnd() || isAtEnd {
          return record
        } else {
          throw lost(
            "cell \(record.cells.count): has text after its closing quotation mark; double a "
              + "quotation mark within a cell", line)
        }
      }
    }

    private mutating func skipLineEnd() throws(FormatError) -> Bool {
      if current == UInt8(ascii: "\r") {
        guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\n") else {
          throw lost("a carriage return alone; lines end with LF or CRLF", line)
        }
        position += 1
      }
      guard current == UInt8(ascii: "\n") else { return false }
      position += 1
      line += 1
      return true
    }

    private mutating func plainCell(_ record: Record) throws(FormatError) -> [UInt8] {
      let start = position
      while let byte = current, byte != separator.byte, byte != UInt8(ascii: "\n"),
        byte != UInt8(ascii: "\r")
      {
        guard byte != UInt8(ascii: "\"") else {
          throw lost(
            "cell \(record.cells.count + 1): a quotation mark in an unquoted cell; quote the cell, "
              + "and double the mark within it", line)
        }
        position += 1
      }
      return try checked(Array(bytes[start..<position]), record)
    }

    private mutating func quotedCell(_ record: Record) throws(FormatError) -> [UInt8] {
      let opened = line
      var cell: [UInt8] = []
      position += 1
      while let byte = current {
        position += 1
        if byte == UInt8(ascii: "\"") {
          guard current == UInt8(ascii: "\"") else { return try checked(cell, record) }
          position += 1
        } else if byte == UInt8(ascii: "\n") {
          line += 1
        }
        cell.append(byte)
      }
      throw lost("cell \(record.cells.count + 1): its quotation mark is never closed", opened)
    }

    private mutating func checked(_ cell: [UInt8], _ record: Record) throws(FormatError) -> [UInt8]
    {
      guard cell.count <= CSV.maximumCellBytes else {
        throw lost(
          "cell \(record.cells.count + 1): too long (got \(cell.count) bytes; need at most "
            + "\(CSV.maximumCellBytes))", record.line)
      }
      return cell
    }

    private mutating func lost(_ message: String, _ line: Int) -> FormatError {
      isLost = true
      return FormatError(message, file: file, line: line)
    }
  }
}

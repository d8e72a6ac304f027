public import Formats

/// A file of rows: JSON Lines, a JSON array of objects, CSV or TSV.
///
/// A file whose name ends in `.csv` or `.tsv`, in any case, is a table, whose cells are all text. A
/// stream, which has no telling name, is a table where it does not begin as JSON does. Any other
/// file is JSON: an array where it begins with `[`, else one object a line. A byte order mark is
/// skipped. Parquet, Arrow, compressed files, workbooks and similar are recognized by their first
/// bytes and refused, with the command that converts them to text.
public enum DataFile {
  /// What a file can be, for messages.
  package static let formats = "JSON Lines, JSON, CSV or TSV"
  /// The endings of names that mean rows.
  package static let endings = ["jsonl", "ndjson", "json", "csv", "tsv"]

  /// Reads a file of at most `maximumBytes`.
  ///
  /// - Throws: a `FormatError` when the file is missing, too large, of no format that is read, or
  ///   holds no row. What is wrong with single rows is thrown when they are used.
  public static func rows(
    path: String, maximumBytes: Int = 1 << 30
  ) throws(FormatError) -> Rows {
    try rows(Files.read(path, maximumBytes: maximumBytes), file: path)
  }

  /// Reads the content of a file; `file` is what errors call it.
  public static func rows(_ bytes: [UInt8], file: String) throws(FormatError) -> Rows {
    try ForeignFormat.refuse(bytes, file: file, need: formats)
    let bytes = bytes.withoutByteOrderMark
    var rows: Rows
    do throws(FormatError) {
      rows =
        switch Files.isStreamName(file) ? likelyEnding(of: bytes) : ending(of: file) {
        case "csv": try CSV.rows(bytes, file: file)
        case "tsv": try CSV.rows(bytes, file: file, separator: .tab)
        default: try jsonRows(bytes, file: file)
        }
    } catch {
      var error = error
      error.message += ForeignFormat.cure(of: bytes, file: file) ?? ""
      throw error
    }
    guard !rows.isEmpty else { throw FormatError("has no rows", file: file) }
    if !rows.isSound { rows.cure = ForeignFormat.cure(of: bytes, file: file) }
    return rows
  }

  private static func jsonRows(_ bytes: [UInt8], file: String) throws(FormatError) -> Rows {
    if bytes.first(where: { !$0.isJSONWhiteSpace }) == UInt8(ascii: "[") {
      return JSONArray.rows(bytes, file: file)
    }
    let rows = JSONLines.rows(bytes, file: file)
    if !rows.isSound, let whole = try? JSON(parsing: bytes, file: file) {
      throw FormatError(
        "is \(whole.kindInWords); need an array of objects, or one object per line",
        file: file)
    }
    if rows.rows.isEmpty, !isNamed(file), let name = tableName(file, bytes) {
      throw FormatError(
        "is not JSON; if it is a table, name it " + name.quotedForMessage(),
        file: file)
    }
    return rows
  }

  /// The ending that would tell what a stream holds: JSON begins with a bracket, and a table has its
  /// separator in its first line, if any.
  private static func likelyEnding(of bytes: [UInt8]) -> String {
    let first = bytes.first { !$0.isJSONWhiteSpace }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") { return "jsonl" }
    let header = bytes.prefix { $0 != UInt8(ascii: "\n") }
    return header.contains(UInt8(ascii: "\t")) ? "tsv" : "csv"
  }

  /// The name for a file that looks like a table: commas or tabs in its first line.
  private static func tableName(_ file: String, _ bytes: [UInt8]) -> String? {
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    guard line.first != UInt8(ascii: "{") else { return nil }
    for (mark, ending) in [("\t", "tsv"), (",", "csv")] where line.contains(mark.utf8.first ?? 0) {
      let end = self.ending(of: file)
      return (end.isEmpty ? file + "." : String(file.dropLast(end.count))) + ending
    }
    return nil
  }

  /// Whether a file's name says that it is a table, and no JSON.
  package static func isTable(_ path: String) -> Bool {
    ["csv", "tsv"].contains(ending(of: path))
  }

  /// Whether a file's name says that it holds rows, and not just text.
  package static func isNamed(_ path: String) -> Bool { endings.contains(ending(of: path)) }

  /// What stands behind the last point of a name, in lower case.
  private static func ending(of path: String) -> String {
    let name = path.utf8.reversed().prefix { $0 != UInt8(ascii: "/") }
    guard name.contains(UInt8(ascii: ".")) else { return "" }
    let ending = name.prefix { $0 != UInt8(ascii: ".") }
    return String(decoding: ending.reversed(), as: UTF8.self).lowercased()
  }
}

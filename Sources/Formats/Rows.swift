/// The rows of a data file, and the problems of its bad lines.
///
/// The problems are thrown with those that come up when the rows are used, all in one error.
public struct Rows: Sendable {
  /// The file's name, for messages.
  public let file: String
  /// The rows that could be read, in the file's order.
  public private(set) var rows: [Row] = []
  private var faults: [FormatError] = []
  /// What the error for bad lines ends with, about the file as a whole.
  package var cure: String?
  /// Whether reading ended before the file did.
  private var isCut = false

  /// How many bad lines are collected before reading ends.
  public static var maximumBadLines: Int { 20 }

  init(file: String) { self.file = file }

  /// Whether the file has no rows, good or bad.
  public var isEmpty: Bool { rows.isEmpty && faults.isEmpty }

  mutating func append(_ object: JSONObject, line: Int) {
    rows.append(Row(file: file, line: line, object: object))
  }

  /// Notes a line that is no row; false when there are so many that reading should end.
  mutating func note(_ fault: FormatError, atEnd: Bool) -> Bool {
    faults.append(fault)
    guard faults.count == Self.maximumBadLines else { return true }
    isCut = !atEnd
    return false
  }

  /// Whether every line was a row.
  package var isSound: Bool { faults.isEmpty }

  /// The names of all columns, in the order in which rows first show them.
  public var columns: [String] {
    var seen: Set<ByteKey> = []
    return rows.flatMap(\.object.keys).filter { seen.insert(ByteKey($0)).inserted }
  }

  /// Refuses a column that no row has, once for the whole file.
  ///
  /// - Parameters:
  ///   - user: what needs the column.
  ///   - setting: the key or option that names another column, where there is one.
  public func require(
    _ column: String, for user: String? = nil, setting: String? = nil
  ) throws(FormatError) {
    if rows.isEmpty || rows.contains(where: { $0.object.column(column) != nil }) { return }
    let columns = columns
    var got = Self.inWords(columns)
    if let user { got += "; \(user) uses it" }
    if let name = columns.first(where: { $0.trimmingWhiteSpace.hasSameBytes(as: column) }) {
      got += "; the name \(name.quotedForMessage()) has white space at its ends: remove it"
    } else if columns.count == 1, let mark = Self.otherMark(in: columns[0]) {
      got += "; cells seem to be separated by \(mark.quotedForMessage())"
    } else if let name = Spelling.closest(to: column, among: columns) {
      got += "; did you mean \(name.quotedForMessage())?"
    }
    throw FormatError(
      "no such column (got \(got))" + (setting.map { "; name the right one with \($0)" } ?? ""),
      file: file, field: column)
  }

  /// What stands between the names in the only cell of a header, in tables that are neither CSV nor
  /// TSV; a tab for a CSV file.
  static func otherMark(in name: String) -> String? {
    [";", "\t", "|"].first { name.contains(bytes: $0) }
  }

  /// Makes a record of each row.
  ///
  /// `transform` throws for a row that is not what is needed.
  ///
  /// - Throws: one error for all bad lines, the first 20 at most: `description` begins with the
  ///   first of them and their number, and has one further line for each other one.
  public func map<Record>(
    _ transform: (Row) throws(FormatError) -> Record
  ) throws(FormatError) -> [Record] {
    var records: [Record] = []
    var faults = faults
    var isCut = isCut
    var found = 0
    for row in rows {
      guard found < Self.maximumBadLines else {
        isCut = true
        break
      }
      do throws(FormatError) {
        records.append(try transform(row))
      } catch {
        faults.append(error)
        found += 1
      }
    }
    isCut = isCut || faults.count > Self.maximumBadLines
    faults.sort { ($0.line ?? 0) < ($1.line ?? 0) }
    faults.removeLast(max(0, faults.count - Self.maximumBadLines))
    guard var fault = Self.combined(faults, isCut: isCut) else { return records }
    fault.message += cure ?? ""
    throw fault
  }

  /// One error for several bad lines of a file, given in its order; nil for none.
  package static func combined(_ faults: [FormatError], isCut: Bool) -> FormatError? {
    guard var first = faults.first else { return nil }
    guard faults.count > 1 else { return first }
    let extent =
      isCut
      ? "the first of \(faults.count) bad lines; the rest was not read"
      : "the first of \(faults.count) bad lines"
    first.message += " (\(extent))"
    first.others = Array(faults.dropFirst())
    return first
  }

  /// The columns that there are, for messages.
  package static func inWords(_ columns: [String]) -> String {
    if columns.isEmpty { return "an object without columns" }
    let names = columns.prefix(8).map { $0.quotedForMessage() }.joined(separator: ", ")
    return "the columns \(names)" + (columns.count > 8 ? ", …" : "")
  }
}

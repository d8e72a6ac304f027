/// One row of a data file: its columns, and where it stands, for messages.
public struct Row: Sendable {
  /// The file's name, for messages.
  public let file: String
  /// The line it begins at, counted from 1 and including blank lines.
  public let line: Int
  /// The columns and their values, in the row's order.
  public let object: JSONObject

  /// Creates a row.
  public init(file: String, line: Int, object: JSONObject) {
    (self.file, self.line, self.object) = (file, line, object)
  }

  /// An error about this row.
  public func error(field: String? = nil, _ message: String) -> FormatError {
    FormatError(message, file: file, line: line, field: field)
  }

  /// The text in a column: a string as it is, a number as it was written.
  ///
  /// - Parameter user: what needs the column, for messages.
  /// - Throws: a `FormatError` that names the column when it is missing or something else.
  public func text(_ column: String, for user: String? = nil) throws(FormatError) -> String {
    let value = try value(column, for: user)
    guard let text = value.text else {
      let user = user.map { "; \($0) uses it" } ?? ""
      throw error(
        field: column, "neither text nor number (got \(value.kindInWords); need a string\(user))")
    }
    return text
  }

  /// The number in a column; text that spells a number counts, as all cells of a table are text.
  ///
  /// - Throws: a `FormatError` that names the column when it is missing or no finite number.
  public func number(_ column: String) throws(FormatError) -> Double {
    let value = try value(column, for: nil)
    guard let double = value.unquoted.double, double.isFinite else {
      throw error(field: column, "got \(value.encoded()); need a number")
    }
    return double
  }

  /// What is in a column, which must be there.
  package func value(_ column: String, for user: String?) throws(FormatError) -> JSON {
    guard let value = object.column(column) else {
      let user = user.map { "; \($0) uses it" } ?? ""
      throw error(field: column, "no such column (got \(Rows.inWords(object.keys))\(user))")
    }
    return value
  }
}

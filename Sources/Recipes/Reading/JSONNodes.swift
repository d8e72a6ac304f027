internal import Formats

extension Node {
  /// The value in JSON's terms: unquoted scalars are null, truth values and numbers where they
  /// are written as such.
  var json: JSON {
    switch content {
    case .scalar(let text, quoted: true): .string(text)
    case .scalar(let text, quoted: false):
      if isNull {
        .null
      } else if let flag = Bool(text) {
        .bool(flag)
      } else if text.isWholeNumber, let integer = Int(text) {
        .integer(integer)
      } else if text.isDecimalNumber, let number = try? JSON(parsing: Array(text.utf8), file: "") {
        number
      } else if text.isDecimalNumber, let number = Double(text), number.isFinite {
        .number(number)
      } else {
        .string(text)
      }
    case .list(let items): .array(items.map(\.json))
    case .map(let entries): .object(JSONObject(entries.map { ($0.key, $0.value.json) }))
    }
  }

  init(json: JSON) {
    let content: Content =
      switch json {
      case .null: .scalar("null", quoted: false)
      case .bool(let value): .literal(value)
      case .integer(let value): .literal(value)
      case .number(let value): .literal(value)
      case .numeral(let digits): .literal(digits)
      case .string(let value): .text(value)
      case .array(let items): .list(items.map { Node(json: $0) })
      case .object(let object):
        .map(object.entries.map { Entry(key: $0.key, value: Node(json: $0.value)) })
      }
    self.init(content: content)
  }
}

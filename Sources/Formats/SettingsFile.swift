/// The object in a JSON file of settings, and the errors that name its fields.
package struct SettingsFile: Sendable {
  package let path: String
  package let object: JSONObject

  /// - Parameter need: what the file has to hold, for messages: `a model configuration`.
  /// - Throws: a `FormatError` for anything but a JSON object.
  package init(
    parsing bytes: [UInt8], file: String, need: String, limits: JSON.Limits = JSON.Limits()
  ) throws(FormatError) {
    try ForeignFormat.refuse(bytes, file: file, need: need, as: .model)
    guard let object = try JSON(parsing: bytes, file: file, limits: limits).object else {
      throw FormatError("not a JSON object (need \(need))", file: file)
    }
    (path, self.object) = (file, object)
  }

  package func error(_ field: String, _ message: String) -> FormatError {
    FormatError(message, file: path, field: field)
  }

  package func error(_ field: String, got value: JSON, need: String) -> FormatError {
    error(field, "got \(value.encoded()); need \(need)")
  }

  /// The field's value; nil where it is absent or null.
  package func value(_ field: String) -> JSON? {
    guard let value = object[field], !value.isNull else { return nil }
    return value
  }

  package func flag(_ field: String) throws(FormatError) -> Bool? {
    guard let value = value(field) else { return nil }
    guard let flag = value.bool else { throw error(field, got: value, need: "true or false") }
    return flag
  }
}

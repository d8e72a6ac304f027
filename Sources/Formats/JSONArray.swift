/// A JSON file that is one array of objects.
public enum JSONArray {
  /// Reads every element as a row.
  ///
  /// An element that is no object is a bad one; where the text is no JSON, reading ends.
  public static func rows(
    _ bytes: [UInt8], file: String, limits: JSON.Limits = JSON.Limits()
  ) -> Rows {
    var rows = Rows(file: file)
    var parser = JSONParser(bytes: bytes, range: 0..<bytes.count, file: file, limits: limits)
    do throws(FormatError) {
      try parser.parseElements { element, line in
        guard let object = element.object else {
          let fault = FormatError(
            "got \(element.kindInWords); need an object", file: file, line: line)
          return rows.note(fault, atEnd: false)
        }
        rows.append(object, line: line)
        return true
      }
    } catch {
      _ = rows.note(error, atEnd: true)
    }
    return rows
  }
}

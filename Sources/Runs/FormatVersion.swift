internal import Formats

extension JSON {
  /// The version of the format that a manifest says it has; nil where it says none.
  ///
  /// - Throws: a `FormatError` that is `.unsupported` for one after `latest`.
  func formatVersion(upTo latest: Int, file: String) throws(FormatError) -> Int? {
    guard let version = self["format_version"]?.natural else { return nil }
    guard version <= latest else {
      throw FormatError(
        "format \(version), this build reads <= \(latest)", file: file, field: "format_version",
        kind: .unsupported)
    }
    return version
  }
}

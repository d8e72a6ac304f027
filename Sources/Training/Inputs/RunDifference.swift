internal import Formats
public import Recipes

/// Something that a run was begun with and that has become another: "got" is what it is now, "need"
/// what it was when the run began.
///
/// A file is known by the key that names it; `MANIFEST.json` has the same names.
extension Recipe.Difference {
  /// The difference and its remedy for the run at `path`, in one line.
  public func problem(of path: String) -> String {
    let what =
      file == nil
      ? "was started with another recipe"
      : field.contains(".env.")
        ? "was started in another environment" : "was started with another file"
    return "\(path): \(what): \(self)"
  }
}

extension [Recipe.Difference] {
  /// A single difference with its values; of several, the first three fields and how many more.
  package var summary: String {
    if count == 1 { return self[0].description }
    let others = count - 3
    let names = prefix(3).map { $0.field.visible() } + (others > 0 ? ["\(others) more"] : [])
    return names.dropLast().joined(separator: ", ") + " and \(names.last ?? "") differ"
  }
}

extension String {
  /// Whether the field is `key` or lies within it: `rewards.0` within `rewards`, and
  /// `model.path/config.json` within `model.path`.
  func isField(within key: String) -> Bool {
    guard utf8.starts(with: key.utf8) else { return false }
    let rest = utf8.dropFirst(key.utf8.count)
    return rest.isEmpty || rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: "/")
  }
}

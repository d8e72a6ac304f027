internal import Recipes

/// Something that a run was begun with and that has become another.
public struct RunDifference: Sendable, Equatable {
  /// A key of the recipe, or the key that names the file; `MANIFEST.json` has the same names.
  public var field: String
  /// The file, or the variable, whose content differs; nil for a value of the recipe.
  public var file: String?
  /// What it is now, and what it was when the run began.
  public var got: String
  public var need: String

  init(field: String, file: String? = nil, got: String, need: String) {
    (self.field, self.file, self.got, self.need) = (field, file, got, need)
  }

  /// Whether `field` is `key` or lies within it: `rewards.0` within `rewards`, and
  /// `model.path/config.json` within `model.path`.
  func isWithin(_ key: String) -> Bool { Self.isField(field, within: key) }

  static func isField(_ field: String, within key: String) -> Bool {
    guard field.utf8.starts(with: key.utf8) else { return false }
    let rest = field.utf8.dropFirst(key.utf8.count)
    return rest.isEmpty || rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: "/")
  }
}

extension RunDifference {
  /// A key of the recipe that has another value now.
  init(_ difference: Recipe.Difference) {
    self.init(field: difference.field, got: difference.got, need: difference.need)
  }

  /// What it means for the run at `path`, in one line.
  public func problem(of path: String) -> String {
    let what =
      file == nil
      ? "belongs to another recipe"
      : field.contains(".env.")
        ? "was begun in another environment" : "was begun with another file"
    return "\(path): \(what): \(self)"
  }
}

extension RunDifference: CustomStringConvertible {
  public var description: String {
    let what = file.map { "\($0) differs" } ?? "differs"
    return "\(field): \(what) (got \(got); need \(need))".onOneLine()
  }
}

/// What reading and writing a value need to know beside the value.
package struct Context {
  /// The dotted path of the key at hand; empty for the recipe itself.
  var path = ""
  /// The directory from which paths in the recipe count; absolute.
  var directory: String
  /// Whether rewards are given in Swift.
  var ownRewards = false
  /// Whether what is written is for others to read, so that a mark stands for secrets.
  var redacts = false
  package var journal = Journal()

  package init(directory: String, ownRewards: Bool = false) {
    (self.directory, self.ownRewards) = (directory, ownRewards)
  }

  /// The context of a key within this one.
  package subscript(key: String) -> Context {
    var inner = self
    inner.path = path.isEmpty ? key : "\(path).\(key)"
    return inner
  }
}

/// What was noticed while reading, in the order of the declarations.
package final class Journal {
  package private(set) var problems: [RecipeError] = []
  /// Those of `problems` about keys that are unknown or have no effect, and the keys' paths.
  private(set) var refused: [(path: String, problem: RecipeError)] = []
  /// Required keys that are absent.
  ///
  /// They are told last: a misspelling explains them better.
  var missing: [RecipeError] = []
  var warnings: [RecipeError] = []

  func report(_ problem: RecipeError) { problems.append(problem) }

  func refuse(_ path: String, _ problem: RecipeError) {
    problems.append(problem)
    refused.append((path, problem))
  }

  /// The first thing that is wrong, and with a key that is refused all others that are.
  var first: RecipeError? {
    guard var first = problems.first ?? missing.first else { return nil }
    if refused.first?.problem == first { first.others = refused.dropFirst().map(\.problem) }
    return first
  }
}

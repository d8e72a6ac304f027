internal import Formats
internal import Foundation

extension Recipe {
  /// The largest recipe file that is read.
  static let largestFile = 1 << 20

  /// Reads the recipe at `path`.
  ///
  /// - Throws: a `RecipeError` of kind `.missingFile`, `.unreadable` or `.invalid`.
  public init(
    contentsOf path: String, overrides: [RecipeOverride] = []
  ) throws(RecipeError) {
    try self.init(yaml: Self.text(of: path), file: path, overrides: overrides)
  }

  /// The text of a recipe's or study's file.
  static func text(of path: String) throws(RecipeError) -> String {
    let bytes: [UInt8]
    do throws(FormatError) {
      bytes = try Files.read(path, maximumBytes: Self.largestFile)
    } catch {
      let kind: RecipeError.Kind =
        error.isMissing ? .missingFile : error.kind == .inputOutput ? .unreadable : .invalid
      throw RecipeError(error.message, kind: kind, at: .file(path, line: nil))
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      let index = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }
      throw RecipeError("is not UTF-8", at: .file(path, line: (index ?? 0) + 1))
    }
    return text
  }

  /// Reads a recipe from its text.
  ///
  /// `file` names it in messages, and its directory is what the recipe's paths count from.
  ///
  /// - Throws: a `RecipeError` of kind `.invalid`: the first thing that is wrong.
  public init(
    yaml text: String, file: String, overrides: [RecipeOverride] = []
  ) throws(RecipeError) {
    var root = try RecipeNode(yaml: text) { .file(file, line: $0) }
    guard case .map = root.content else {
      throw RecipeError("is not a map (got \(root.found); need a map of keys)", at: root.place)
    }
    for override in overrides { try root.apply(override) }
    let here = FileManager.default.currentDirectoryPath
    try self.init(root, directory: RecipePath.directory(of: RecipePath.absolute(file, from: here)))
  }

  private init(_ root: RecipeNode, directory: String) throws(RecipeError) {
    let context = RecipeContext(directory: directory)
    let recipe = RecipeFormat<Recipe>.section.read(root, context)
    if let problem = context.journal.problems.first ?? context.journal.missing.first {
      throw problem
    }
    self = recipe ?? Recipe()
    warnings = context.journal.warnings.map(\.description)
  }

  /// The same recipe resolved, after the checks that reading makes: for recipes built in Swift,
  /// whose paths count from the current directory.
  public func validated() throws(RecipeError) -> Recipe {
    let here = FileManager.default.currentDirectoryPath
    return try Recipe(node(relativeTo: here), directory: here)
  }

  /// The recipe as YAML with every value spelled out, for a file in `directory`.
  ///
  /// Reading that file gives an equal recipe, wherever the tree that holds it and the data has
  /// been moved to in the meantime.
  public func resolvedYAML(relativeTo directory: String) -> String {
    let here = FileManager.default.currentDirectoryPath
    return node(relativeTo: RecipePath.absolute(directory, from: here)).yaml
  }

  /// The first key that has another value in `other`, and both values; nil if there is none.
  ///
  ///     train.beta: differs (got 0.01; need 0.005)
  ///
  /// "Got" is this recipe's value and "need" the other's. `output` is no difference: a run that
  /// was moved is still the same run.
  public func firstDifference(from other: Recipe) -> String? {
    let mine = node(relativeTo: "/").leaves()
    let others = other.node(relativeTo: "/").leaves()
    let paths = mine.map(\.path) + others.map(\.path)
    let values = Dictionary(mine.map { ($0.path, $0.value) }) { first, _ in first }
    let otherValues = Dictionary(others.map { ($0.path, $0.value) }) { first, _ in first }
    // Where a run lies, how much memory it takes and when it scores do not change what it computes.
    let incidental: Set<String> = [
      "output", "train.activation_memory_megabytes", "train.scoring_parts",
    ]
    for path in paths where !incidental.contains(path) && values[path] != otherValues[path] {
      let (got, need) = (values[path] ?? "nothing", otherValues[path] ?? "nothing")
      return "\(path): differs (got \(got); need \(need))".onOneLine()
    }
    return nil
  }

  private func node(relativeTo directory: String) -> RecipeNode {
    let context = RecipeContext(directory: directory)
    return RecipeNode(
      content: RecipeFormat<Recipe>.section.write(self, context), place: .code)
  }
}

extension RecipeNode {
  /// Every scalar and empty list with its dotted path, in order.
  func leaves(_ path: String = "") -> [(path: String, value: String)] {
    func within(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    switch content {
    case .scalar: return [(path, found)]
    case .list(let items):
      if items.isEmpty { return [(path, "[]")] }
      return items.enumerated().flatMap { $1.leaves(within(String($0))) }
    case .map(let entries):
      return entries.flatMap { $0.value.leaves(within($0.key)) }
    }
  }
}

internal import Formats
internal import Foundation

extension Recipe {
  /// The largest recipe file that is read.
  static let largestFile = 1 << 20

  /// Reads the recipe at `path`.
  ///
  /// - Parameter ownRewards: Whether rewards are given in Swift, so that the recipe needs none.
  /// - Throws: a `RecipeError` of kind `.missingFile`, `.unreadable` or `.invalid`.
  public init(
    contentsOf path: String, overrides: [RecipeOverride] = [], ownRewards: Bool = false
  ) throws(RecipeError) {
    try self.init(
      yaml: Self.text(of: path), file: path, overrides: overrides, ownRewards: ownRewards)
  }

  /// The text of a recipe's or study's file.
  package static func text(of path: String) throws(RecipeError) -> String {
    do throws(FormatError) {
      return try ForeignFormat.text(
        in: Files.read(path, maximumBytes: Self.largestFile), file: path, need: "a recipe in UTF-8")
    } catch {
      let kind: RecipeError.Kind =
        error.isMissing ? .missingFile : error.kind == .inputOutput ? .unreadable : .invalid
      throw RecipeError(error.message, kind: kind, at: .file(path, line: error.line))
    }
  }

  /// Reads a recipe from its text.
  ///
  /// `file` names it in messages, and its directory is what the recipe's paths count from.
  ///
  /// Keys of the text that have no effect beside the overrides are left out, which is a warning;
  /// without the overrides they must have one.
  ///
  /// - Throws: a `RecipeError` of kind `.invalid`: the first thing that is wrong.
  public init(
    yaml text: String, file: String, overrides: [RecipeOverride] = [], ownRewards: Bool = false
  ) throws(RecipeError) {
    let root = try Node(yaml: text) { .file(file, line: $0) }
    guard case .map = root.content else {
      throw RecipeError("is not a map (got \(root.found); need a map of keys)", at: root.place)
    }
    let here = FileManager.default.currentDirectoryPath
    let directory = RecipePath.directory(of: RecipePath.absolute(file, from: here))
    func context() -> Context {
      Context(directory: directory, ownRewards: ownRewards)
    }
    var (changed, leftOut) = (root, [String]())
    for layer in [RecipePlace.Layer.study, .commandLine] {
      let before = changed
      changed = root
      for override in overrides where override.place.layer <= layer { try changed.apply(override) }
      changed.remove(leftOut, under: layer)
      leftOut += changed.leaveOutKeysWithoutEffect(under: layer, without: before, context)
    }
    try self.init(changed, context())
    if !leftOut.isEmpty {
      let reason = leftOut.count == 1 ? "it has no effect" : "they have no effect"
      let list = leftOut.joined(separator: ", ")
      warnings.insert(
        "\(file): \(list): ignored: \(reason) with the overriding values".visible(), at: 0)
    }
  }

  private init(_ root: Node, _ context: Context) throws(RecipeError) {
    let recipe = Format<Recipe>.section.read(root, context)
    if let problem = context.journal.first { throw problem }
    self = recipe ?? Recipe()
    warnings = context.journal.warnings.map(\.description)
  }

  /// The same recipe resolved, after the checks that reading makes: for recipes built in Swift,
  /// whose paths count from the current directory.
  ///
  /// Rewards may be missing: a `TrainingRun` takes them in Swift, and asks for them otherwise.
  public func validated() throws(RecipeError) -> Recipe {
    let here = FileManager.default.currentDirectoryPath
    return try Recipe(
      node(relativeTo: here, redacts: false), Context(directory: here, ownRewards: true))
  }

  /// The recipe as YAML with every value spelled out, for a file in `directory`.
  ///
  /// Reading that file gives an equal recipe, wherever the tree that holds it and the data has
  /// been moved to in the meantime; but where secrets stood in the recipe itself, a mark stands for
  /// them, with which no reward can be set up.
  public func resolvedYAML(relativeTo directory: String) -> String {
    let here = FileManager.default.currentDirectoryPath
    return node(relativeTo: RecipePath.absolute(directory, from: here)).yaml
  }

  /// Whether secrets stand in the recipe itself, in whose place ``resolvedYAML(relativeTo:)`` has a
  /// mark.
  public var hasSecrets: Bool {
    let (shown, whole) = (node(relativeTo: "/"), node(relativeTo: "/", redacts: false))
    return !shown.yaml.hasSameBytes(as: whole.yaml)
  }

  /// Every key that has a value as a dotted path, and the values as written; secrets have a mark.
  var leaves: [(path: String, value: String)] { node(relativeTo: "/").leaves() }

  private func node(relativeTo directory: String, redacts: Bool = true) -> Node {
    var context = Context(directory: directory)
    context.redacts = redacts
    return Node(content: Format<Recipe>.section.write(self, context) ?? .map([]))
  }
}

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
      let word = leftOut.count == 1 ? "has" : "have"
      let list = leftOut.joined(separator: ", ")
      warnings.insert(
        "\(file): \(list): \(word) no effect with what is set instead, left out".onOneLine(), at: 0)
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
    return Node(
      content: Format<Recipe>.section.write(self, context) ?? .map([]), place: .code)
  }
}

extension Node {
  /// Removes the keys that are unknown or have no effect with what a layer sets over them, and gives
  /// their paths; those that are so `without` that layer are mistakes and stay.
  ///
  /// With them goes the warm start of a new model where a layer sets a trained one in its place: it
  /// would train that anew, which is meant only where the same layer says so.
  fileprivate mutating func leaveOutKeysWithoutEffect(
    under layer: RecipePlace.Layer, without: Node, _ context: () -> Context
  ) -> [String] {
    func refused(in root: Node) -> [String] {
      let context = context()
      _ = Format<Recipe>.section.read(root, context)
      return context.journal.refused.map(\.path)
    }
    var removed: [String] = []
    let model = ["model", "path"] as [Substring]
    if node(at: model)?.layer == layer, without.node(at: model) == nil, node(at: ["train"]) != nil,
      let warmStart = node(at: ["warm_start"]), !warmStart.isNull, warmStart.layer < layer
    {
      removed.append("warm_start")
      self = removing(["warm_start"])
    }
    while true {
      let found = refused(in: self).filter {
        node(at: $0.split(separator: "."))?.saysMore(than: layer) ?? false
      }
      if found.isEmpty { return removed }
      let mistakes = Set(refused(in: without))
      let keys = found.filter { !mistakes.contains($0) }
      if keys.isEmpty { return removed }
      remove(keys, under: layer)
      removed += keys
    }
  }

  /// Removes keys, but for what a layer says itself, be it of a part of them.
  fileprivate mutating func remove(_ keys: [String], under layer: RecipePlace.Layer) {
    for path in keys.map({ $0.split(separator: ".") }) {
      guard let node = node(at: path), node.saysMore(than: layer) else { continue }
      self = node.said(by: layer).map { replacing(path, with: $0) } ?? removing(path)
    }
  }

  /// What a layer says of the value, where `null` says nothing; a list as a whole, if any of its
  /// items.
  private func said(by layer: RecipePlace.Layer) -> Node? {
    if place.layer >= layer { return isNull ? nil : self }
    switch content {
    case .scalar: return nil
    case .list(let items): return items.contains { $0.said(by: layer) != nil } ? self : nil
    case .map(let entries):
      let said = entries.compactMap { entry in
        entry.value.said(by: layer).map { Entry(key: entry.key, value: $0) }
      }
      return said.first.map {
        Node(content: .map(said), place: $0.value.place, directory: directory)
      }
    }
  }

  /// Whether something of the value would be left out where only a layer's part of it is kept.
  private func saysMore(than layer: RecipePlace.Layer) -> Bool {
    guard place.layer < layer else { return false }
    switch content {
    case .scalar: return true
    case .list: return said(by: layer) == nil
    case .map(let entries):
      return entries.isEmpty || entries.contains { $0.value.saysMore(than: layer) }
    }
  }

  /// Every scalar and empty list with its dotted path, in order.
  func leaves(_ path: String = "") -> [(path: String, value: String)] {
    func within(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    switch content {
    case .scalar("", quoted: false): return [(path, found)]
    case .scalar(let text, let quoted): return [(path, quoted ? "\"\(text)\"" : text)]
    case .list(let items):
      if items.isEmpty { return [(path, "[]")] }
      return items.enumerated().flatMap { $1.leaves(within(String($0))) }
    case .map(let entries):
      return entries.flatMap { $0.value.leaves(within($0.key)) }
    }
  }
}

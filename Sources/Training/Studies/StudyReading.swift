internal import Foundation
public import Recipes

extension Study {
  /// Whether the file is a study: a map with the key `variants`, which no recipe has.
  ///
  /// - Throws: a `RecipeError`, also where the file is no YAML.
  public static func isStudy(_ path: String) throws(RecipeError) -> Bool {
    try root(of: path).contains { $0.key == "variants" }
  }

  /// Reads a study, or a file that has variants only.
  ///
  ///     recipes: [../recipes/quickstart.yaml]       # from this file's directory
  ///     seeds: [1, 2, 3]
  ///     set: { train.num_iterations: 4 }            # in every recipe, for the warm start too
  ///     metrics: [kl, clip_ratio/region_mean]
  ///     variants:
  ///       no penalty: { train.beta: 0 }
  ///       as it is: {}
  ///
  /// Paths count from the file's directory. Only `variants` must be there. In a file without that key every key is a variant's name.
  ///
  /// - Throws: a `RecipeError`: the first thing that is wrong.
  public init(contentsOf path: String) throws(RecipeError) {
    let entries = try Self.root(of: path)
    let directory = RecipePath.directory(
      of: RecipePath.absolute(path, from: FileManager.default.currentDirectoryPath))
    let context = Context(directory: directory)
    guard entries.contains(where: { $0.key == "variants" }) else {
      variants = try Self.variants(entries, directory)
      return
    }
    for entry in entries {
      let (key, node) = (entry.key, entry.value)
      switch key {
      case "recipes":
        recipes = Format.list(of: .path, count: 1...256).read(node, context[key]) ?? []
      case "seeds":
        seeds = Format.list(of: .integer(0...), count: 1...1024).read(node, context[key]) ?? []
      case "metrics":
        metrics = Format.list(of: .text, count: 0...256).read(node, context[key]) ?? []
      case "set": settings = try Self.settings(node, named: nil, directory)
      case "variants": variants = try Self.variants(node.map(named: key), directory)
      default:
        let keys = ["recipes", "seeds", "set", "metrics", "variants"]
        throw RecipeError(unknown: entry, among: keys, context)
      }
      if let problem = context.journal.problems.first { throw problem }
    }
  }

  private static func root(of path: String) throws(RecipeError) -> [Node.Entry] {
    let root = try Node(yaml: Recipe.text(of: path)) { .file(path, line: $0) }
    return try root.map(named: "")
  }

  private static func variants(
    _ entries: [Node.Entry], _ directory: String
  ) throws(RecipeError) -> [Variant] {
    try entries.map { entry throws(RecipeError) in
      Variant(name: entry.key, settings: try settings(entry.value, named: entry.key, directory))
    }
  }

  /// The keys of a map; errors about a value name its line, the variant and the key.
  private static func settings(
    _ node: Node, named variant: String?, _ directory: String
  ) throws(RecipeError) -> [RecipeOverride] {
    try node.map(named: variant ?? "set").map { entry in
      let place = [entry.value.place.description, variant, entry.key].compactMap { $0 }
      return RecipeOverride(
        option: place.joined(separator: ": "), key: entry.key, value: entry.value.flow,
        directory: directory)
    }
  }
}

extension Node {
  /// The entries of a map.
  fileprivate func map(named key: String) throws(RecipeError) -> [Entry] {
    if let entries { return entries }
    throw RecipeError("is not a map (got \(found); need a map of keys)", field: key, at: place)
  }
}

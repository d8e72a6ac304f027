internal import Formats
internal import Foundation
internal import Recipes
internal import Runs

/// The runs of a study, each with its recipe and directory.
///
///     DIR/RECIPE/seed-1/warm-start/   what all variants start from
///     DIR/RECIPE/seed-1/VARIANT/      a run without a warm start of its own
struct StudyPlan: Sendable {
  /// A recipe as it is, with one seed.
  struct Start: Sendable {
    let recipeName: String
    let seed: Int
    let task: ComparisonTask

    var name: String { "\(recipeName), seed \(seed)" }
  }

  /// One variant of a recipe, with one seed.
  struct Run: Sendable {
    let recipeName: String
    let seed: Int
    let variant: String
    let recipe: Recipe
    let task: ComparisonTask

    var name: String { "\(recipeName), seed \(seed), \(variant)" }
  }

  let recipeNames: [String]
  let variantNames: [String]
  /// Those that have a warm start.
  private(set) var starts: [Start] = []
  /// Recipe by recipe, of each seed by seed, of each variant by variant.
  private(set) var runs: [Run] = []
  /// What recipes say that is hardly meant, once for all seeds.
  private(set) var warnings: [String] = []

  /// What a variant may change: nothing that the warm start depends on.
  private static let variedSections = ["train", "rewards", "reward_model", "evaluation"]

  /// - Throws: a `RecipeError` for whatever is wrong with any of the runs' recipes.
  init(_ study: Study, output: String) throws(RecipeError) {
    let variants =
      study.variants.isEmpty ? [Study.Variant(name: "recipe", settings: [])] : study.variants
    recipeNames = study.recipes.map { Study.name(of: $0) }
    variantNames = variants.map(\.name)
    // Comparisons and recipes' own runs may share a directory.
    let taken = RunDirectory.names.union([""])
    try Self.check(
      recipeNames, "recipe", taken: taken.union(RunDirectory.comparisonFiles))
    try Self.check(variantNames, "variant", taken: taken)
    for variant in variants {
      for setting in variant.settings { try Self.check(setting) }
      try Self.checkEffect(of: variant.settings)
    }
    for (path, name) in zip(study.recipes, recipeNames) {
      var warned: [(text: String, variants: [String])] = []
      for seed in study.seeds {
        let varied = try add(path, name, seed: seed, of: study, variants, output: output)
        guard seed == study.seeds.first else { continue }
        for (variant, recipe) in zip(variants, varied) {
          for text in recipe.warnings {
            if let known = warned.firstIndex(where: { $0.text == text }) {
              warned[known].variants.append(variant.name)
            } else {
              warned.append((text, [variant.name]))
            }
          }
        }
      }
      warnings += warned.map { text, names in
        names.count == variants.count ? text : "\(names.joined(separator: ", ")): \(text)"
      }
    }
  }

  /// Adds the runs of a recipe with one seed, and the warm start that they share; returns their recipes.
  private mutating func add(
    _ path: String, _ name: String, seed: Int, of study: Study, _ variants: [Study.Variant],
    output: String
  ) throws(RecipeError) -> [Recipe] {
    let directory = "\(output)/\(Self.directoryName(name))/seed-\(seed)"
    let common = study.settings + [.seed(seed)]
    let start = RecipeSource(path: path, overrides: common + [.output(directory)])
    let recipe = try start.recipe()
    if recipe.train == nil {
      throw RecipeError(
        "is missing (need it to compare)", field: "train", at: .file(path, line: nil))
    }
    for setting in study.settings { try Self.checkEffect(of: setting, in: recipe, variants) }
    if recipe.warmStart != nil {
      starts.append(
        Start(
          recipeName: name, seed: seed, task: ComparisonTask(stage: .warmStart, source: start)))
    }
    return try variants.map { variant throws(RecipeError) in
      let place = RecipeOverride.output("\(directory)/\(Self.directoryName(variant.name))")
      let source = RecipeSource(
        path: path, overrides: common + [place] + variant.settings, start: directory)
      let varied = try source.recipe()
      runs.append(
        Run(
          recipeName: name, seed: seed, variant: variant.name, recipe: varied,
          task: ComparisonTask(stage: .run, source: source)))
      return varied
    }
  }

  private static func check(_ setting: RecipeOverride) throws(RecipeError) {
    let section = setting.key.prefix { $0 != "." }
    if variedSections.contains(String(section)) { return }
    throw RecipeError(
      "cannot differ between variants, which share one warm start (need a key of "
        + "\(variedSections.dropLast().joined(separator: ", ")) or \(variedSections.last ?? ""))",
      field: setting.key, at: .option(setting.option, key: setting.key))
  }

  /// Refuses a variant's settings of which a later one leaves nothing.
  private static func checkEffect(of settings: [RecipeOverride]) throws(RecipeError) {
    for (index, setting) in settings.enumerated() {
      guard let later = settings[(index + 1)...].first(where: { setting.isWithin($0.key) })
      else { continue }
      throw RecipeError(
        "has no effect, as \(later.option) sets it", field: setting.key, at: setting.place)
    }
  }

  /// Refuses what is set for all runs and decided by something else in each of them.
  private static func checkEffect(
    of setting: RecipeOverride, in recipe: Recipe, _ variants: [Study.Variant]
  ) throws(RecipeError) {
    func error(_ message: String) -> RecipeError {
      RecipeError(message, field: setting.key, at: setting.place)
    }
    if setting.isWithin("seed") { throw error("has no effect in a comparison (need --seeds)") }
    if setting.isWithin("output") {
      throw error("has no effect in a comparison (need --output)")
    }
    // Rewards judge the warm start, too, which no variant changes.
    if setting.isWithin("rewards"), recipe.warmStart?.untilAccuracy != nil { return }
    let later = variants.map { variant in
      variant.settings.first { setting.isWithin($0.key) }
    }
    guard later.allSatisfy({ $0 != nil }) else { return }
    let places = Set(later.compactMap { $0?.option })
    throw error(
      "has no effect, as "
        + (places.count == 1
          ? "\(places.first ?? "") sets it"
          : "every variant sets it: "
            + variants.map { $0.name.shortened() }.joined(separator: ", ")))
  }

  /// Refuses names that have no directory of their own.
  private static func check(
    _ names: [String], _ kind: String, taken: Set<String>
  ) throws(RecipeError) {
    var directories = taken
    for name in names where !directories.insert(directoryName(name)).inserted {
      throw RecipeError(
        "\(kind) \(name.shortened()): its directory's name is taken (got "
          + "\(directoryName(name).shortened()); need another name)")
    }
  }

  /// A name as one component of a path: other than letters, digits and `._=-` it has hyphens.
  static func directoryName(_ name: String) -> String {
    let text = name.unicodeScalars.map { scalar in
      let isPlain =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || "0123456789._=-".contains(Character(scalar)))
      return isPlain ? String(scalar) : "-"
    }.joined()
    return text.hasPrefix(".") ? "-" + text.dropFirst() : text
  }
}

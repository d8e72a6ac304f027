internal import Foundation
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
    try Self.check(recipeNames, "recipe", taken: [])
    try Self.check(variantNames, "variant", taken: RunDirectory.names.union([""]))
    for variant in variants {
      for setting in variant.settings { try Self.check(setting) }
    }
    for (path, name) in zip(study.recipes, recipeNames) {
      var warned: [(text: String, variants: [String])] = []
      for seed in study.seeds {
        let directory = "\(output)/\(Self.directoryName(name))/seed-\(seed)"
        let common = study.settings + [.seed(seed)]
        let start = RecipeSource(path: path, overrides: common + [.output(directory)])
        let recipe = try start.recipe()
        if recipe.train == nil {
          throw RecipeError(
            "is missing (need it to compare)", field: "train", at: .file(path, line: nil))
        }
        if recipe.warmStart != nil {
          starts.append(
            Start(
              recipeName: name, seed: seed,
              task: ComparisonTask(stage: .warmStart, source: start)))
        }
        for variant in variants {
          let place = RecipeOverride.output("\(directory)/\(Self.directoryName(variant.name))")
          let source = RecipeSource(
            path: path, overrides: common + [place] + variant.settings, start: directory)
          let varied = try source.recipe()
          runs.append(
            Run(
              recipeName: name, seed: seed, variant: variant.name, recipe: varied,
              task: ComparisonTask(stage: .run, source: source)))
          if seed == study.seeds.first {
            for text in varied.warnings {
              if let known = warned.firstIndex(where: { $0.text == text }) {
                warned[known].variants.append(variant.name)
              } else {
                warned.append((text, [variant.name]))
              }
            }
          }
        }
      }
      warnings += warned.map { text, names in
        names.count == variants.count ? text : "\(names.joined(separator: ", ")): \(text)"
      }
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

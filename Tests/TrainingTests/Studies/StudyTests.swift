import Foundation
import PolicyOptimization
import Recipes
import RewardPlugins
import Testing
import Training

@Suite struct StudyTests {
  /// A folder with the small recipe and a study of the given text.
  private func study(_ text: String) throws -> Study {
    let small = try SmallRecipe()
    defer { small.remove() }
    try small.write("study.yaml", text)
    return try Study(contentsOf: small.directory + "/study.yaml")
  }

  private func plan(_ study: Study) throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    var study = study
    study.recipes = [small.directory + "/recipe.yaml"]
    _ = try Comparison(study, output: small.directory + "/out", jobs: 1)
    #expect(!FileManager.default.fileExists(atPath: small.directory + "/out"))
  }

  @Test(arguments: [
    ("train.beta=0,0.01", "train.beta", ["0", "0.01"]),
    ("evaluation.k=[1, 2],[1]", "evaluation.k", ["[1, 2]", "[1]"]),
    (
      "rewards=[{ name: contains, text: \"a,b\" }],[exact_match]", "rewards",
      ["[{ name: contains, text: \"a,b\" }]", "[exact_match]"]
    ),
    ("train.beta=1", "train.beta", ["1"]),
  ])
  func commasWithinAValueDoNotEndIt(text: String, key: String, values: [String]) throws {
    let axis = try #require(Study.Axis(text))
    #expect(axis.key == key)
    #expect(axis.values == values)
  }

  @Test(arguments: ["train.beta", "=1", "train.beta=", "train.beta=1,,2"])
  func anAxisNeedsAKeyAndValues(text: String) { #expect(Study.Axis(text) == nil) }

  @Test func axesMultiply() throws {
    var study = Study()
    try study.vary(try #require(Study.Axis("train.beta=0,0.1")))
    try study.vary(try #require(Study.Axis("rewards.1.weight=1,2,3")))
    #expect(
      study.variants.map(\.name) == [
        "beta=0 rewards.1.weight=1", "beta=0 rewards.1.weight=2", "beta=0 rewards.1.weight=3",
        "beta=0.1 rewards.1.weight=1", "beta=0.1 rewards.1.weight=2", "beta=0.1 rewards.1.weight=3",
      ])
    #expect(study.variants.allSatisfy { $0.settings.count == 2 })
    try plan(study)
  }

  @Test(arguments: [
    ("train.algorithm=grpo,dapo", "train.algorithm=gspo", "is varied twice"),
    ("train.beta=0,0.1", "train.beta=0.2,0.3", "is varied twice"),
    (
      "rewards.0.weight=1,2", "rewards=[exact_match]",
      "overlaps with --vary rewards.0.weight"
    ),
    ("rewards=[exact_match]", "rewards.0.weight=1,2", "overlaps with --vary rewards"),
    ("rewards.0.weight=1,2", "rewards.00.weight=3", "is varied twice"),
  ])
  func axesThatOverlapAreRefused(first: String, second: String, problem: String) throws {
    var study = Study()
    try study.vary(try #require(Study.Axis(first)))
    let axis = try #require(Study.Axis(second))
    let error = #expect(throws: RecipeError.self) { try study.vary(axis) }
    #expect(
      error?.description.hasPrefix("--vary \(axis.key): \(problem)") == true, "\(error as Any)")
    // Neighbours are no overlap.
    try study.vary(try #require(Study.Axis("reward_model.weight=1,2")))
    try study.vary(try #require(Study.Axis("train.bet=1")))
  }

  @Test(arguments: [
    ("train.beta=0.5", "train.beta=0,0.1", "has no effect, as --vary train.beta sets it"),
    ("rewards.0.weight=2", "rewards=[exact_match]", "has no effect, as --vary rewards sets it"),
    ("seed=5", "train.beta=0,0.1", "has no effect in a comparison (need --seeds)"),
    ("output=foo", "train.beta=0,0.1", "has no effect in a comparison (need --output)"),
  ])
  func whatEveryVariantDecidesIsNoSetting(setting: String, axis: String, problem: String) throws {
    var study = Study()
    try study.vary(try #require(Study.Axis(axis)))
    study.settings = [try #require(RecipeOverride(assignment: setting))]
    let error = #expect(throws: RecipeError.self) { try plan(study) }
    let key = setting.prefix { $0 != "=" }
    #expect(error?.description == "--set \(key): \(problem)")
  }

  @Test func aSettingOfSomeVariantsHasAnEffect() throws {
    var study = try study("variants: { a: { train.beta: 0.5 }, b: {} }")
    study.settings = [try #require(RecipeOverride(assignment: "train.beta=0.1"))]
    try plan(study)
    study = try self.study("variants: { a: { train.beta: 0.5 }, b: { train.beta: 0 } }")
    study.settings = [try #require(RecipeOverride(assignment: "train.beta=0.1"))]
    var error = #expect(throws: RecipeError.self) { try plan(study) }
    #expect(
      error?.description == "--set train.beta: has no effect, as every variant sets it: a, b")
    // Rewards judge the warm start, too.
    study = Study()
    try study.vary(try #require(Study.Axis("rewards=[exact_match]")))
    study.settings = [
      try #require(RecipeOverride(assignment: "rewards=[{ name: contains }]")),
      try #require(RecipeOverride(assignment: "warm_start.until_accuracy=0.5")),
    ]
    try plan(study)
    // An axis over a variant's own key.
    study = try self.study("variants: { a: { train.beta: 0.5 } }")
    try study.vary(try #require(Study.Axis("train.beta=0,0.1")))
    error = #expect(throws: RecipeError.self) { try plan(study) }
    #expect(
      error?.description.hasSuffix(
        "study.yaml:1: a: train.beta: has no effect, as --vary train.beta sets it") == true,
      "\(error as Any)")
  }

  @Test func everyStudyOfOursHasAnEffectWithAllItSets() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "recipes/studies")
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let path = folder.appending(path: name).path
      guard try Study.isStudy(path) else { continue }
      var study = try Study(contentsOf: path)
      study.seeds = [1]
      if study.recipes.isEmpty { continue }
      _ = try Comparison(study, output: folder.path + "/none", jobs: 1)
    }
  }

  @Test(arguments: ["results.csv", "curves.svg", "model"])
  func aRecipeWhoseDirectoryIsTakenIsRefused(name: String) throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let text = try String(contentsOfFile: small.directory + "/recipe.yaml", encoding: .utf8)
    try small.write("\(name).yaml", text)
    var study = Study()
    study.recipes = [small.directory + "/\(name).yaml"]
    let error = #expect(throws: RecipeError.self) {
      _ = try Comparison(study, output: small.directory + "/out", jobs: 1)
    }
    #expect(
      error?.description
        == "recipe \(name): its directory's name is taken (got \(name); need another name)")
  }

  @Test func aFileIsAWholeStudy() throws {
    let study = try study(
      """
      recipes: [a.yaml, ../b.yaml]
      seeds: [4, 5]
      set: { train.num_iterations: 4 }
      metrics: [kl, clip_ratio/region_mean]
      variants:
        plain: {}
        words: { train.stop: ["a: b", c], train.beta: 0.5 }
      """)
    #expect(study.recipes.map { ($0 as NSString).lastPathComponent } == ["a.yaml", "b.yaml"])
    #expect(study.recipes.allSatisfy { $0.hasPrefix("/") && !$0.contains("..") })
    #expect(study.seeds == [4, 5])
    #expect(study.settings.count == 1)
    #expect(study.metrics == ["kl", "clip_ratio/region_mean"])
    #expect(study.variants.map(\.name) == ["plain", "words"])
    #expect(study.variants.map(\.settings.count) == [0, 2])
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: study.settings + study.variants[1].settings)
    #expect(recipe.train?.axes.epochs == 4)
    #expect(recipe.train?.stop == ["a: b", "c"])
    #expect(recipe.train?.axes.objective.klPenalty?.coefficient == 0.5)
  }

  @Test func aFileWithoutTheKeyHoldsVariants() throws {
    let study = try study("plain: {}\nstrong: { train.beta: 0.5 }\n")
    #expect(study.variants.map(\.name) == ["plain", "strong"])
    #expect(study.recipes.isEmpty)
    #expect(study.seeds == [1, 2, 3])
  }

  @Test func aStudyIsToldFromARecipe() throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    try small.write("study.yaml", "variants: { plain: {} }\n")
    #expect(try Study.isStudy(small.directory + "/study.yaml"))
    #expect(try !Study.isStudy(small.directory + "/recipe.yaml"))
  }

  @Test(arguments: [
    ("variants: { a: {} }\nseed: [1]\n", ":2: seed: unknown key (did you mean seeds?)"),
    ("variants: { a: 3 }\n", ":1: a: is not a map (got 3; need a map of keys)"),
    (
      "variants: { a: {} }\nseeds: [x]\n",
      ":2: seeds.0: is not a whole number (got x; need a whole number from 0 up)"
    ),
  ])
  func mistakesNameTheirLine(study: String, problem: String) throws {
    let error = #expect(throws: RecipeError.self) { _ = try self.study(study) }
    let text = try #require(error).description
    #expect(text.hasSuffix("/study.yaml" + problem), "\(text)")
  }

  @Test(arguments: [
    (
      "variants: { a: { train.betta: 1 } }",
      "study.yaml:1: a: train.betta: unknown key (did you mean beta?)"
    ),
    (
      "variants:\n  a: { model.hidden_size: 8 }",
      "study.yaml:2: a: model.hidden_size: cannot differ between variants, which share one warm "
        + "start (need a key of train, rewards, reward_model or evaluation)"
    ),
    (
      "variants: { a b: {}, a/b: {} }",
      "variant a/b: its directory's name is taken (got a-b; need another name)"
    ),
    (
      "variants: { model: {} }",
      "variant model: its directory's name is taken (got model; need another name)"
    ),
  ])
  func whatCannotRunIsRefusedBeforeAnythingIsWritten(text: String, problem: String) throws {
    let study = try study(text)
    let error = #expect(throws: RecipeError.self) { try plan(study) }
    let text = try #require(error).description
    #expect(text.hasSuffix(problem), "\(text)")
  }

  @Test func aStudyChoosesOverItsRecipesAndTheCommandLineOverBoth() throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    try small.write(
      "study.yaml",
      """
      recipes: [recipe.yaml]
      set: { train.num_iterations: 3, train.epsilon: 0.1 }
      variants: { trust region: { train.algorithm: trpo, train.epsilon: null } }
      """)
    let study = try Study(contentsOf: small.directory + "/study.yaml")
    let overrides = study.settings + study.variants[0].settings
    let region = try Recipe(contentsOf: study.recipes[0], overrides: overrides)
    #expect(region.warnings.first?.contains("train.learning_rate") == true)
    let chosen = try Recipe(
      contentsOf: study.recipes[0],
      overrides: study.settings
        + [RecipeOverride(assignment: "train.surrogate=policy-gradient")].compactMap(\.self))
    #expect(chosen.warnings.first?.contains("train.epsilon: ignored: it has no effect") == true)
  }

  @Test func pathsOfPluginsCountFromWhereTheyAreWritten() throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    func directory(_ overrides: [RecipeOverride]) throws -> String? {
      let recipe = try Recipe(contentsOf: small.directory + "/recipe.yaml", overrides: overrides)
      guard case .command(let command) = recipe.rewards.first?.source else { return nil }
      return command.options.directory
    }
    let axis = try #require(Study.Axis("rewards.0.command=[./score.py]"))
    var study = Study()
    try study.vary(axis)
    #expect(
      try directory(study.variants[0].settings) == FileManager.default.currentDirectoryPath)

    try small.write("study.yaml", "variants: { a: { rewards: [{ command: [./score.py] }] } }\n")
    let file = try Study(contentsOf: small.directory + "/study.yaml")
    #expect(try directory(file.variants[0].settings) == small.directory)
  }
}

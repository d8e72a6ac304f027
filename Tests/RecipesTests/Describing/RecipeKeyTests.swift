import Foundation
import Recipes
import Testing

@Suite struct RecipeKeyTests {
  private func key(_ path: String, effect: String? = nil) throws -> RecipeKey {
    let found = Recipe.keys(at: path).map(\.key)
    return try #require(effect.map { text in found.first { $0.effect == text } } ?? found.first)
  }

  @Test func aKeyIsDescribedByItsDeclaration() throws {
    let beta = try key("train.beta")
    #expect(beta.meaning.hasPrefix("The weight of the KL penalty to the reference policy"))
    #expect(beta.values == "a number from 0 to 100")
    #expect(beta.defaultValue == "0.04")
    #expect(!beta.isRequired && beta.effect.isEmpty)
    let steps = try key("train.steps_per_iteration")
    #expect(steps.isRequired && steps.defaultValue == nil)
    #expect(try key("train.steps").otherNames == ["max_steps"])
    #expect(
      try key("train.surrogate").alternatives.prefix(3) == ["policy-gradient", "ratio", "clip"])
  }

  @Test func theConditionsOfAKeyAreToldInWords() throws {
    #expect(
      try key("train.kl_target").effect
        == "with beta above 0 and with kl_controller adaptive or ziegler")
    #expect(try key("train.lam").effect == "with advantage advantage and without td_steps")
    #expect(try key("tokenizer.vocab_size").effect == "without path")
    #expect(try key("train.value.epochs").effect == "with model own")
    #expect(try key("rewards.conversational").effect == "with python and with style trl")
    #expect(try key("rewards.timeout").effect == "with command, python or url")
  }

  @Test func aKeyWithTwoMeaningsIsThereForEach() throws {
    let found = Recipe.keys(at: "train.epsilon_high").map(\.key)
    #expect(
      found.map(\.effect) == ["with surrogate clip", "with surrogate cispo", "with surrogate gmpo"])
    #expect(
      found.map(\.values) == [
        "a number above 0, at most 100", "a number above 0, at most 1000000",
        "a number above 0, at most 100",
      ])
  }

  @Test func theDefaultsOfAlgorithmsAreThoseOfTheKeysOwnChoice() throws {
    let found = Recipe.keys(at: "train.epsilon_high")
    let defaults = found.map { Recipe.Algorithm.defaults(of: $0.key, at: $0.path) }
    #expect(defaults[0].first { $0.value == "0.28" }?.algorithms == ["dapo"])
    #expect(!defaults[0].contains { $0.algorithms.contains("cispo") })
    let beta = Recipe.Algorithm.defaults(of: try key("train.beta"), at: "train.beta")
    #expect(beta.first { $0.value == "0.04" }?.algorithms == ["grpo", "grpo-rank", "grpo-process"])
  }

  @Test func namesLeadToTheKeysOfEverySection() {
    #expect(
      Recipe.keys(at: "learning_rate").map(\.path) == [
        "warm_start.learning_rate", "train.value.learning_rate", "train.learning_rate",
        "reward_model.learning_rate",
      ])
    #expect(Recipe.keys(at: "train.max_steps").map(\.path) == ["train.steps"])
    #expect(Recipe.keys(at: "save_steps").map(\.path) == ["train.checkpoint_steps"])
    #expect(Recipe.keys(at: "rewards.0.weight").map(\.path) == ["rewards.weight"])
    #expect(Recipe.keys(at: "train.nothing").isEmpty)
  }

  @Test func everyKeyHasAMeaning() {
    for (path, key) in Recipe.allKeys {
      #expect(key.meaning.count > 8, "\(path)")
      #expect(key.meaning.hasSuffix("."), "\(path)")
    }
  }

  /// The keys of the shipped recipes and of every algorithm.
  @Test(arguments: Recipe.Algorithm.allCases.map(\.rawValue))
  func everyKeyThatIsWrittenIsDescribed(algorithm: String) throws {
    let described = Set(Recipe.allKeys.map(\.path))
    let recipe = try SampleRecipe.recipe(overrides: [
      RecipeOverride(option: "--set", key: "train.algorithm", value: algorithm),
      RecipeOverride(option: "--set", key: "train.kl_estimator", value: "k1"),
      RecipeOverride(option: "--set", key: "train.beta", value: "0.1"),
      RecipeOverride(option: "--set", key: "reward_model", value: "{ labeller: exact_match }"),
      RecipeOverride(
        option: "--set", key: "rewards",
        value: "[exact_match, { command: [./x] }, { python: 'a.py:f' }, { url: 'http://a/b' }, "
          + "{ library: ./l.so }, { model: m }]"),
    ])
    for path in recipe.keys {
      let steps = path.split(separator: ".").filter { Int($0) == nil }.map(String.init)
      let place =
        steps.first == "reward_model" && steps.count > 2 ? ["rewards"] + steps.dropFirst(2) : steps
      #expect(described.contains(place.joined(separator: ".")), "\(path)")
    }
  }

  @Test func everyDescribedKeyIsKnownToReading() throws {
    let sources = [
      "command": "{ command: [./x] }", "python": "{ python: 'a.py:f' }",
      "url": "{ url: 'http://a/b' }", "library": "{ library: ./l.so }", "model": "{ model: m }",
    ]
    for (path, key) in Recipe.allKeys where key.keys.isEmpty {
      var overrides: [RecipeOverride] = []
      var place = path
      if path.hasPrefix("rewards.") {
        let words = key.effect.split { $0 == " " || $0 == "," }.map(String.init)
        let source = words.first == "with" ? words[1] : "name"
        let name = words.starts(with: ["with", "name"]) ? words[2] : "exact_match"
        overrides.append(
          RecipeOverride(
            option: "--set", key: "rewards",
            value: "[\(sources[source] ?? "{ name: \(name) }")]"))
        place = "rewards.0" + path.dropFirst("rewards".count)
      }
      overrides.append(RecipeOverride(option: "--key", key: place, value: "{ of: none }"))
      var text = ""
      do {
        _ = try SampleRecipe.recipe(overrides: overrides)
      } catch let error as RecipeError {
        text = error.description
      }
      #expect(!text.contains("unknown key") && !text.contains("unknown option"), "\(path): \(text)")
    }
  }
}

@Suite struct RecipeSchemaTests {
  private let file = repository.appending(path: "recipes/recipe.schema.json")

  /// `make reference` writes it anew.
  @Test func theSchemaBesideTheRecipesIsThatOfTheDeclaration() throws {
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text == Recipe.schemaText, "run make reference")
  }

  @Test func everyShippedRecipeNamesItsSchema() throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: shippedRecipes.path)
    where name.hasSuffix(".yaml") {
      let text = try String(contentsOf: shippedRecipes.appending(path: name), encoding: .utf8)
      #expect(
        text.hasPrefix("# yaml-language-server: $schema=recipe.schema.json\n"), "\(name)")
    }
  }
}

@Suite struct ReferencePageTests {
  /// `make reference` writes it anew.
  @Test func thePageIsThatOfTheDeclaration() throws {
    let page = repository.appending(
      path: "Sources/PolicyOptimization/PolicyOptimization.docc/recipe-reference.md")
    #expect(
      try String(contentsOf: page, encoding: .utf8) == Recipe.referencePage, "run make reference")
  }
}

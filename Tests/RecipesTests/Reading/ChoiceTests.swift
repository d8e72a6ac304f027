import Foundation
import PolicyOptimization
import Recipes
import RewardPlugins
import Testing

/// What is chosen on the command line, or by a study, and what the recipe's file says beside it.
@Suite struct ChoiceTests {
  private static func shipped() throws -> [String] {
    let manager = FileManager.default
    let names = try manager.contentsOfDirectory(atPath: shippedRecipes.path).filter {
      $0.hasSuffix(".yaml")
    }
    return (names + ["studies/arithmetic.yaml"]).sorted().map { shippedRecipes.path + "/" + $0 }
  }

  private func set(_ assignments: String...) -> [RecipeOverride] {
    assignments.compactMap { RecipeOverride(assignment: $0) }
  }

  @Test func everyPresetCanBeChosenForEveryShippedRecipe() throws {
    let recipes = try Self.shipped()
    #expect(recipes.count == 12)
    for path in recipes {
      let own = try Recipe(contentsOf: path)
      let ownTrain = try #require(own.train)
      #expect(own.warnings.isEmpty)
      for algorithm in Recipe.Algorithm.allCases {
        let recipe = try Recipe(
          contentsOf: path, overrides: set("train.algorithm=\(algorithm.rawValue)"))
        let train = try #require(recipe.train)
        #expect(train.algorithm == algorithm)
        #expect(train.totalSteps == ownTrain.totalSteps, "\(path) \(algorithm)")
        #expect(train.completionsPerQuestion == ownTrain.completionsPerQuestion)
        if algorithm == ownTrain.algorithm { #expect(recipe == own) }
        // What is written is read again, without any choice.
        #expect(
          try Recipe(yaml: recipe.resolvedYAML(relativeTo: "/r"), file: "/r/recipe.yaml")
            == recipe)
      }
    }
  }

  @Test func whatHasNoEffectWithTheChoiceIsLeftOutAndNamedInOneLine() throws {
    let path = shippedRecipes.path + "/quickstart.yaml"
    let recipe = try Recipe(contentsOf: path, overrides: set("train.algorithm=trpo"))
    #expect(
      recipe.warnings.first == """
        \(path): train.epsilon, train.learning_rate, train.lr_scheduler_type, \
        train.min_lr_ratio, train.adam_beta2, train.max_grad_norm: ignored: they have no \
        effect with the overriding values
        """)
    // What has an effect is still the file's.
    #expect(recipe.train?.axes.objective.klPenalty?.coefficient == 0.005)
    #expect(recipe.train?.axes.epochs == 2)
    let one = try Recipe(contentsOf: path, overrides: set("train.algorithm=sapo"))
    #expect(
      one.warnings.first
        == "\(path): train.epsilon: ignored: it has no effect with the overriding values")
    #expect(one.train?.optimizer.learningRate == 3e-4)
  }

  @Test func keysOfTheCommandLineStayCheckedAndAreAllNamed() throws {
    let error = #expect(throws: RecipeError.self) {
      try Recipe(
        contentsOf: shippedRecipes.path + "/quickstart.yaml",
        overrides: set("train.algorithm=trpo", "train.epsilon=0.1", "train.learning_rate=1e-3"))
    }
    let problems = try #require(error.map { [$0] + $0.others })
    #expect(
      problems.map(\.description) == [
        "--set train.epsilon: has no effect with surrogate ratio",
        "--set train.learning_rate: has no effect with update trust-region (need adam)",
      ])
  }

  @Test func mistakesOfTheFileStayMistakes() throws {
    let error = try SampleRecipe.error(
      replacing: "  num_iterations: 2", with: "  num_iterations: 2\n  gamma: 0.5\n  max_kl: 0.1",
      overrides: set("train.beta=0.1", "seed=4"))
    #expect(error == "sample.yaml:21: train.gamma: has no effect with advantage group")
  }

  @Test func choicesBesideTheAlgorithmLeaveOutTheirKeysToo() throws {
    let model = try SampleRecipe.recipe(overrides: set("model.path=policy"))
    let here = FileManager.default.currentDirectoryPath
    #expect(model.model == .directory(here + "/policy"))
    #expect(model.tokenizer == .file(here + "/policy/tokenizer.model"))
    let warning = try #require(model.warnings.first)
    #expect(warning.contains("model.hidden_size, model.num_hidden_layers"))
    #expect(warning.contains("tokenizer: ignored: they have no effect with the overriding values"))

    // The warm start was the other model's; who wants one says so.
    #expect(warning.contains("warm_start") && model.warmStart == nil)
    let warmed = try SampleRecipe.recipe(
      overrides: set("model.path=policy", "warm_start.batch_size=9"))
    #expect(warmed.warmStart?.batchSize == 9)
    let inline = """
      tokenizer: { vocab_size: 300 }
      model:
        hidden_size: 32
        num_hidden_layers: 2
        num_attention_heads: 4
        intermediate_size: 64
        max_position_embeddings: 48
      """
    let both = try SampleRecipe.recipe(
      replacing: inline, with: "model: { path: policy }", overrides: set("train.beta=0.1"))
    #expect(both.warmStart != nil)
    let exchanged = try SampleRecipe.recipe(
      replacing: inline, with: "model: { path: policy }", overrides: set("model.path=other"))
    #expect(exchanged.warmStart != nil && exchanged.warnings.isEmpty)

    let tokenizer = try SampleRecipe.recipe(overrides: set("tokenizer.path=own.model"))
    #expect(tokenizer.tokenizer == .file(here + "/own.model"))
    let trained = try SampleRecipe.recipe(
      replacing: "{ vocab_size: 300 }", with: "{ path: own.model }",
      overrides: set("tokenizer.vocab_size=400"))
    #expect(trained.tokenizer == .trained(vocabularySize: 400))

    let labelled = try SampleRecipe.recipe(
      replacing: "rewards:",
      with: "reward_model: { labeller: exact_match, num_generations: 4 }\nrewards:",
      overrides: set("reward_model.preferences=pairs.jsonl"))
    #expect(labelled.rewardModel?.labeller == nil)
    #expect(labelled.rewardModel?.preferences == here + "/pairs.jsonl")
    let compared = try SampleRecipe.recipe(
      replacing: "rewards:", with: "reward_model: { preferences: pairs.jsonl }\nrewards:",
      overrides: set("reward_model.labeller=exact_match"))
    #expect(compared.rewardModel?.preferences == nil)

    let fixed = try SampleRecipe.recipe(
      replacing: "steps_per_iteration: 5", with: "steps_per_iteration: 5\n  outer_iterations: 3",
      overrides: set("train.reference=fixed", "train.beta=0.1"))
    #expect(fixed.train?.outerIterations == 1)
    #expect(fixed.train?.totalSteps == 15)
  }

  @Test func aRewardIsReplacedByOneOfAnotherKind() throws {
    let python = try SampleRecipe.recipe(overrides: set("rewards.0.python=score.py:right"))
    #expect(python.rewards.map(\.label) == ["right"])
    let number = try SampleRecipe.recipe(
      replacing: "  - exact_match", with: "  - { name: numeric_match, extract: last_number }",
      overrides: set("rewards.0.name=exact_match"))
    #expect(number.rewards.map(\.label) == ["exact_match"])
    let library = try SampleRecipe.recipe(
      replacing: "  - exact_match", with: "  - { command: [./a.sh], name: mine, workers: 2 }",
      overrides: set("rewards.0.library=b.so", "rewards.0.isolated=false"))
    #expect(library.rewards.map(\.label) == ["b"])
    #expect(library.warnings.first?.contains("rewards.0.workers") == true)
    #expect(library.warnings.first?.contains("rewards.0.name") == true)
  }

  @Test func aRewardsNameTakesKeys() throws {
    let recipe = try SampleRecipe.recipe(overrides: set("rewards.0.weight=2"))
    #expect(recipe.rewards.map(\.label) == ["exact_match"])
    #expect(recipe.rewards.map(\.weight) == [2])
  }

  @Test(arguments: [
    "data.train", "data.test", "prompt", "tokenizer.path", "model.path", "rewards.0.library",
    "rewards.0.model", "reward_model.preferences", "reward_model.path",
  ])
  func pathsCountFromTheCurrentDirectory(key: String) throws {
    let here = FileManager.default.currentDirectoryPath
    let recipe = try SampleRecipe.recipe(
      replacing: "rewards:", with: "reward_model: { labeller: exact_match }\nrewards:",
      overrides: set("\(key)=some/where"))
    let yaml = recipe.resolvedYAML(relativeTo: "/")
    let name = try #require(key.split(separator: ".").last)
    #expect(
      yaml.contains(" \(name): \(here)/some/where") || yaml.contains("\(name): \(here)/some/where"))
  }

  @Test func pathsOfPluginsCountFromWhereTheyAreWritten() throws {
    let here = FileManager.default.currentDirectoryPath
    func directory(_ overrides: [RecipeOverride]) throws -> String? {
      switch try SampleRecipe.recipe(overrides: overrides).rewards.first?.source {
      case .command(let command): command.options.directory
      case .python(let function): function.options.directory
      default: nil
      }
    }
    #expect(try directory(set("rewards.0.command=[./score.py]")) == here)
    #expect(try directory(set("rewards.0.python=score.py:f")) == here)
    #expect(try directory(set("rewards=[{ command: [./score.py] }]")) == here)
  }

  @Test func rewardsMayBeGivenInSwift() throws {
    let text = SampleRecipe.text.replacing("rewards:\n  - exact_match\n", with: "")
    #expect(throws: RecipeError.self) { try Recipe(yaml: text, file: "/home/r/a.yaml") }
    let recipe = try Recipe(yaml: text, file: "/home/r/a.yaml", ownRewards: true)
    #expect(recipe.rewards.isEmpty)
    #expect(try recipe.validated() == recipe)
    let error = #expect(throws: RecipeError.self) { try recipe.requireRewards() }
    #expect(error?.description.hasPrefix("rewards: is missing (need a list of 1 to 64") == true)
  }
}

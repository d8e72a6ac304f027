import Recipes
import Testing

@Suite struct RecipeTests {
  @Test func defaultsAreThoseOfTheTypes() throws {
    let recipe = try SampleRecipe.recipe()
    var train = Recipe.Train()
    train.questionsPerStep = 4
    train.maxCompletionTokens = 8
    train.stepsPerIteration = 5
    train.axes.epochs = 2
    train.optimizer.learningRate = 1e-4
    #expect(recipe.train == train)

    var warmStart = Recipe.WarmStart()
    warmStart.steps = 10
    warmStart.optimizer.learningRate = 1e-3
    #expect(recipe.warmStart == warmStart)
  }

  @Test func pathsCountFromTheRecipeAndOutputDoesNot() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "train: train.jsonl", with: "train: ../data/./x/../train.jsonl")
    #expect(recipe.data.train == "/home/data/train.jsonl")
    #expect(recipe.data.test == "/home/r/test.jsonl")
    #expect(recipe.prompt == "/home/r/prompt.txt")
    #expect(recipe.output == "runs/sample")
  }

  @Test func headsAreResolved() throws {
    guard case .new(let model) = try SampleRecipe.recipe().model else {
      Issue.record("the model is not new")
      return
    }
    #expect(model.keyValueHeads == 4)
    #expect(model.headSize == 8)
  }

  @Test func aModelFromADirectoryBringsItsTokenizer() throws {
    let architecture = SampleRecipe.text.firstRange(of: "  hidden_size: 32\n")
    let end = try #require(SampleRecipe.text.firstRange(of: "warm_start:"))
    var text = SampleRecipe.text
    text.replaceSubrange(
      try #require(architecture).lowerBound..<end.lowerBound, with: "  path: policy\n")
    let fitting = text.replacing("tokenizer: { vocab_size: 300 }\n", with: "")
    let recipe = try Recipe(yaml: fitting, file: "/home/r/a.yaml")
    #expect(recipe.model == .directory("/home/r/policy"))
    #expect(recipe.tokenizer == .file("/home/r/policy/tokenizer.model"))

    let error = #expect(throws: RecipeError.self) { try Recipe(yaml: text, file: "/home/r/a.yaml") }
    #expect(
      error?.description
        == "/home/r/a.yaml:6: tokenizer: cannot be trained for a model with a tokenizer of its own "
        + "(need path, or no tokenizer)")
  }

  @Test func evaluationFollowsFromHeldOutQuestions() throws {
    let keys = "evaluation:\n  samples: 4\n  k: [1, 4]\n"
    #expect(try SampleRecipe.recipe(replacing: keys, with: "").evaluation == Recipe.Evaluation())
    let text = SampleRecipe.text.replacing(keys, with: "").replacing(
      "  test: test.jsonl\n", with: "")
    #expect(try Recipe(yaml: text, file: "/r.yaml").evaluation == nil)
  }

  @Test func aRecipeMayWarmStartOnly() throws {
    let start = try #require(SampleRecipe.text.firstRange(of: "train:\n  questions"))
    let text = String(SampleRecipe.text[..<start.lowerBound])
    let recipe = try Recipe(yaml: text, file: "/r.yaml")
    #expect(recipe.train == nil && recipe.rewards == [])

    let error = #expect(throws: RecipeError.self) {
      let none = RecipeOverride(option: "--set warm_start", key: "warm_start", value: "null")
      return try Recipe(yaml: text, file: "/r.yaml", overrides: [none])
    }
    #expect(error?.description == "/r.yaml:1: train: is missing (need train, warm_start or both)")
  }

  @Test func aRecipeBuiltInSwiftIsCheckedLikeAFile() throws {
    #expect(
      throws: RecipeError("is not a text (got \"\"; need a text)", field: "output", at: .code)
    ) {
      try Recipe().validated()
    }
    var recipe = try SampleRecipe.recipe()
    #expect(try recipe.validated() == recipe)
    recipe.train?.temperature = .nan
    let error = #expect(throws: RecipeError.self) { try recipe.validated() }
    #expect(
      error?.description
        == "recipe: train.temperature: is not a number (got nan; need a number from 0.001 to 100)"
    )
  }
}

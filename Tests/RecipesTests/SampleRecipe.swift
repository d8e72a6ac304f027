import Foundation
import Recipes
import Testing

/// The repository, and its recipes.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()
let shippedRecipes = repository.appending(path: "recipes")

/// A small recipe, one key a line, so that line numbers are easy to count.
enum SampleRecipe {
  static let text = """
    output: runs/sample
    data:
      train: train.jsonl
      test: test.jsonl
    prompt: prompt.txt
    tokenizer: { vocab_size: 300 }
    model:
      hidden_size: 32
      num_hidden_layers: 2
      num_attention_heads: 4
      intermediate_size: 64
      max_position_embeddings: 48
    warm_start:
      steps: 10
      learning_rate: 1e-3
    train:
      questions_per_step: 4
      max_completion_length: 8
      steps_per_iteration: 5
      num_iterations: 2
      learning_rate: 1e-4
    rewards:
      - exact_match
    evaluation:
      samples: 4
      k: [1, 4]

    """

  static func recipe(
    replacing old: String = "", with new: String = "", overrides: [RecipeOverride] = []
  ) throws -> Recipe {
    let text = old.isEmpty ? Self.text : Self.text.replacing(old, with: new)
    try #require(old.isEmpty || text != Self.text, "the sample has no '\(old)'")
    return try Recipe(yaml: text, file: "/home/r/sample.yaml", overrides: overrides)
  }

  /// The one line that reading the changed sample fails with, without the file's folder.
  static func error(
    replacing old: String = "", with new: String = "", overrides: [RecipeOverride] = []
  ) throws -> String? {
    do {
      _ = try recipe(replacing: old, with: new, overrides: overrides)
      return nil
    } catch let error as RecipeError {
      #expect(error.kind == .invalid)
      return error.description.replacing("/home/r/", with: "")
    }
  }
}

struct BadRecipe: CustomTestStringConvertible, Sendable {
  var old: String
  var new: String
  var error: String

  init(_ old: String, _ new: String, _ error: String) {
    self.old = old
    self.new = new
    self.error = "sample.yaml:" + error
  }

  var testDescription: String { new.isEmpty ? "without \(old)" : new }
}

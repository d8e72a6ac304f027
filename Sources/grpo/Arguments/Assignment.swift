import ArgumentParser
import Formats
import Recipes

/// The argument of `--set`.
struct Assignment: Sendable {
  let text: String
  let override: RecipeOverride

  init(_ text: String) throws {
    guard let override = RecipeOverride(assignment: text) else {
      throw ValidationError("got \(text.visible()); need key=value, such as train.beta=0.01")
    }
    (self.text, self.override) = (text, override)
  }
}

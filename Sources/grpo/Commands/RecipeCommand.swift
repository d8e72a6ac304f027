import ArgumentParser
import Recipes

/// `grpo recipe`.
struct RecipeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipe",
    abstract: "Explains the keys of a recipe, checks recipes, and writes a first one.",
    subcommands: [
      RecipeKeysCommand.self, RecipeCheckCommand.self, RecipeInitCommand.self,
      RecipeSchemaCommand.self,
    ])
}

/// `grpo recipe schema`.
struct RecipeSchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of recipes, by which editors complete and check keys.",
    discussion: """
      Save it, and let a recipe begin with a line that names it:

        # yaml-language-server: $schema=recipe.schema.json
      """)

  func run() async throws {
    try StandardOutput.write(Recipe.schemaText)
  }
}

import ArgumentParser
import Recipes

/// `grpo recipe`.
struct RecipeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recipe",
    abstract: "Explains recipe keys, checks recipes, and writes a first one.",
    subcommands: [
      RecipeKeysCommand.self, RecipeCheckCommand.self, RecipeInitCommand.self,
      RecipeSchemaCommand.self,
    ])
}

/// `grpo recipe schema`.
struct RecipeSchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema of recipes, for editors.",
    discussion: """
      Editors complete and check the keys of a recipe that names the schema in its first line:

        # yaml-language-server: $schema=recipe.schema.json
      """)

  func run() async throws {
    try StandardOutput.write(Recipe.schemaText)
  }
}

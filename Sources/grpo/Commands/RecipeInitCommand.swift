import ArgumentParser
import Formats
import Foundation
import Recipes

/// `grpo recipe init`.
struct RecipeInitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Writes a first recipe for a data file.",
    discussion: """
      Writes recipe.yaml with a comment on each key, prompt.txt, and recipe.schema.json, which \
      editors use to complete and check the recipe. Sizes follow from the data. Existing files are \
      never overwritten.
      """)

  @Argument(
    help: "The file of training questions: JSON Lines, JSON, CSV or TSV.", completion: .rows)
  var data: String

  @Option(help: "The file of held-out questions.", completion: .rows)
  var test: String?

  @Option(help: "The column with the question. (default: found by name)")
  var questionField: String?

  @Option(help: "The column with the answer. (default: found by name)")
  var answerField: String?

  @Option(
    help: "The directory of the model to train. (default: a new model)", completion: .directory)
  var model: String?

  @Option(help: "The directory to write to.", completion: .directory)
  var directory = "."

  func run() async throws {
    let here = FileManager.default.currentDirectoryPath
    func fromDirectory(_ path: String) -> String {
      RecipePath.relative(
        RecipePath.absolute(path, from: here), to: RecipePath.absolute(directory, from: here))
    }
    // Columns are looked for in the file as it is; the recipe names it from its own directory.
    let recipe = try StarterRecipe(
      data: data, test: test, question: questionField, answer: answerField, model: model)
    let files = [
      ("recipe.yaml", recipe.yaml(path: fromDirectory)),
      (StarterRecipe.prompt, recipe.promptText),
      (StarterRecipe.schema, Recipe.schemaText),
    ].map { (path: directory == "." ? $0.0 : "\(directory)/\($0.0)", text: $0.1) }
    for (path, _) in files where Files.exists(path) {
      throw Failure(
        .cannotCreate, "\(path.visible()): already exists",
        help: "remove it, or choose another --directory")
    }
    do {
      try Files.createDirectory(directory.isEmpty ? "." : directory)
    } catch {
      throw Failure(
        .cannotCreate, error.description.visible(), help: "choose another --directory")
    }
    for (path, text) in files { try Files.writeAtomically(Array(text.utf8), to: path) }
    let (written, yaml) = (files.map { shownPath($0.path).visible() }, files[0].path)
    try StandardOutput.write(line: "wrote  \(written.joined(separator: "  "))")
    for (index, words) in [["recipe", "check", yaml], ["run", yaml]].enumerated() {
      let command = shownCommand([programName] + words)
      try StandardOutput.write(line: (index == 0 ? "next   " : "       ") + command)
    }
  }
}

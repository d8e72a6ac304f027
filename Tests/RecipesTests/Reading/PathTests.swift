import Foundation
import Recipes
import Testing

/// A path in a recipe and on the command line names the same file.
@Suite struct PathTests {
  /// A folder with `A/sub`, `B/link` to it, and a file `data.jsonl` in both `A` and `B`.
  private final class Links {
    let path: String

    init() throws {
      let manager = FileManager.default
      // What the system calls the folder: the way there has no link.
      path =
        URL(filePath: NSTemporaryDirectory()).resolvingSymlinksInPath().path + "/recipe-paths-"
        + UUID().uuidString
      for folder in ["A/sub", "B"] {
        try manager.createDirectory(atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
      }
      try manager.createSymbolicLink(
        atPath: "\(path)/B/link", withDestinationPath: "\(path)/A/sub")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func recipe(train: String) throws -> Recipe {
      try Recipe(
        yaml: SampleRecipe.text.replacingOccurrences(
          of: "train: train.jsonl", with: "train: \(train)"), file: "\(path)/B/recipe.yaml")
    }
  }

  @Test func theWayOutOfALinkIsLeftToTheSystem() throws {
    let links = try Links()
    let recipe = try links.recipe(train: "link/../data.jsonl")
    #expect(recipe.data.train == "\(links.path)/B/link/../data.jsonl")
    #expect(try links.recipe(train: "x/.././data.jsonl").data.train == "\(links.path)/B/data.jsonl")
    #expect(try links.recipe(train: "link/x/../../data.jsonl").data.train == recipe.data.train)
    for directory in ["\(links.path)/runs/1", "\(links.path)/B/runs/1", "\(links.path)/B/link/1"] {
      let text = recipe.resolvedYAML(relativeTo: directory)
      #expect(try Recipe(yaml: text, file: directory + "/recipe.yaml") == recipe)
    }
  }

  @Test func aDirectoryBehindALinkNamesWhatIsOutsideByItself() throws {
    let links = try Links()
    let recipe = try links.recipe(train: "data.jsonl")
    let inside = recipe.resolvedYAML(relativeTo: "\(links.path)/B/link/run")
    #expect(inside.contains("train: \(links.path)/B/data.jsonl\n"))
    let beside = recipe.resolvedYAML(relativeTo: "\(links.path)/B/runs/1")
    #expect(beside.contains("train: ../../data.jsonl\n"))
  }
}

import Formats
import Foundation
import Recipes
import Runs

/// A run of nine steps, with checkpoints after 4, 8 and 9 of which the last two are kept, that is
/// stopped, changed behind its back and gone on with.
struct ResumedRun {
  let small: SmallRecipe

  init() throws { small = try SmallRecipe() }

  func recipe(_ settings: String...) throws -> Recipe { try recipe(settings) }

  func recipe(_ settings: [String]) throws -> Recipe {
    try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/run")]
        + (["warm_start=null", "evaluation=null"] + settings).compactMap {
          RecipeOverride(assignment: $0)
        })
  }

  func steps(_ log: String) -> [Int] {
    LogReading(path: small.directory + "/run/" + log).lines.compactMap { $0["step"]?.int }
  }

  func bytes(_ name: String) throws -> [UInt8] {
    try Files.read(small.directory + "/run/" + name, maximumBytes: 1 << 26)
  }

  func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try bytes(name)
    change(&bytes)
    try Files.writeAtomically(bytes, to: small.directory + "/run/" + name)
  }

  func remove(_ names: String...) throws {
    for name in names {
      try FileManager.default.removeItem(atPath: small.directory + "/run/" + name)
    }
  }
}

import Formats
import Foundation
import Recipes
import Rewards
import Runs
import TestSupport
import Testing
import Training

/// A run of nine steps whose inputs can be changed, and what it says of that.
struct InputsRun {
  let small: SmallRecipe

  init() async throws {
    small = try SmallRecipe()
    try small.write("test.jsonl", "{\"question\": \"1+1\", \"answer\": \"2\"}\n")
    try await makeExecutable(
      small.directory + "/score.sh",
      """
      #!/bin/sh
      while read -r line; do
        case "$line" in
        *'"completions":[],'*) echo '{"rewards": []}' ;;
        *)
          id=${line#*'"id":'}
          echo '{"rewards": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0], "id":' "${id%%,*}}"
          ;;
        esac
      done

      """)
    try small.write("weights.txt", "1")
  }

  /// Nine steps of a new policy, with a plug-in among the rewards.
  func recipe(_ settings: String...) throws -> Recipe {
    try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/run")]
        + ([
          "data.test=DIR/test.jsonl", "warm_start=null", "evaluation={ samples: 1 }",
          "rewards=[exact_match, { command: [DIR/score.sh, DIR/weights.txt, 7], weight: 0, "
            + "timeout: 86400 }]",
        ] + settings).map { $0.replacing("DIR", with: small.directory) }.compactMap {
          RecipeOverride(assignment: $0)
        })
  }

  /// The fields that keep a recipe from going on.
  func refused(_ recipe: Recipe, allowing allowed: [String] = []) async throws -> [String] {
    let error = try await #require(throws: TrainingError.self) {
      try await recipe.run(allowing: allowed)
    }
    guard case .differentInputs(_, let differences) = error else {
      Issue.record("\(error)")
      return []
    }
    return differences.map(\.field)
  }

  func manifest() throws -> RunManifest {
    try RunManifest(contentsOf: small.directory + "/run/MANIFEST.json")
  }

  func bytes(_ name: String) throws -> [UInt8] {
    try Files.read(small.directory + "/" + name, maximumBytes: 1 << 26)
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: small.directory + "/" + name)
  }
}

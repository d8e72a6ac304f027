import Formats
import Runs
import Testing

@Suite struct RunDirectoryTests {
  @Test func namesItsParts() {
    let run = RunDirectory("runs/a")
    #expect(run.recipe == "runs/a/recipe.yaml")
    #expect(run.metrics == "runs/a/metrics.jsonl")
    #expect(run.completions == "runs/a/completions.jsonl")
    #expect(run.warmStartModel == "runs/a/warm-start/model")
    #expect(run.checkpoints.directory == "runs/a/checkpoints")
    #expect(run.model == "runs/a/model")
  }

  @Test func isMadeWithItsParents() throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch["runs/a"])
    #expect(try run.isEmpty())
    try run.create()
    try run.create()
    #expect(Files.isDirectory(run.path))
    #expect(try run.isEmpty())
    try Files.writeAtomically([1], to: run.recipe)
    #expect(try !run.isEmpty())
  }

  @Test func aFileInItsPlaceIsRefused() throws {
    let scratch = try Scratch()
    try Files.writeAtomically([1], to: scratch["a"])
    let error = try #require(throws: FormatError.self) { try RunDirectory(scratch["a"]).create() }
    #expect(error.kind == .cannotCreate)
    #expect(error.description == "\(scratch["a"]): is a file; need a directory")
  }
}

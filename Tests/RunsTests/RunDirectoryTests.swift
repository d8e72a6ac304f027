import Formats
import Foundation
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
    #expect(try run.firstContent() == nil)
    try run.create()
    try run.create()
    #expect(Files.isDirectory(run.path))
    #expect(try run.firstContent() == nil)
    try Files.writeAtomically([1], to: run.recipe)
    #expect(try run.firstContent() == "recipe.yaml")
  }

  /// What a process leaves that was killed while it wrote the first files.
  @Test func leftoversAreNoContent() throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch.path)
    try Files.writeAtomically([], to: scratch["lock"])
    for name in ["recipe.yaml.tmp-123", "tokenizer.model.tmp-4"] {
      try Files.writeAtomically([1], to: scratch[name])
    }
    try Files.createDirectory(scratch["warm-start/model.tmp-99"])
    try Files.createDirectory(scratch["checkpoints/step-000004.tmp-99-old"])
    #expect(try run.firstContent() == nil)
    for name in ["warm-start/notes", "notes.tmp-1", "folder/model.tmp-1"] {
      try Files.createDirectory((scratch[name] as NSString).deletingLastPathComponent)
      try Files.writeAtomically([1], to: scratch[name])
      #expect(try run.firstContent().map { name.hasPrefix($0) } == true)
      try FileManager.default.removeItem(atPath: scratch[name])
    }
  }

  @Test func aFileInItsPlaceIsRefused() throws {
    let scratch = try Scratch()
    try Files.writeAtomically([1], to: scratch["a"])
    let error = try #require(throws: FormatError.self) { try RunDirectory(scratch["a"]).create() }
    #expect(error.kind == .cannotCreate)
    #expect(error.description == "\(scratch["a"]): is a file; need a directory")
  }
}

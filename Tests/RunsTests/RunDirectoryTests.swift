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

  @Test func whatIsNoCheckpointIsSetAside() throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch.path)
    try run.checkpoints.write(step: 1, files: [], state: nil)
    let path = "\(run.checkpoints.directory)/step-00000"
    try FileManager.default.moveItem(atPath: path + "1", toPath: scratch["elsewhere"])
    try FileManager.default.createSymbolicLink(
      atPath: path + "1", withDestinationPath: scratch["elsewhere"])
    try FileManager.default.createSymbolicLink(
      atPath: path + "2", withDestinationPath: scratch["none"])
    try Files.writeAtomically([1], to: path + "3")
    #expect(try run.setObstaclesAside().map(\.path) == [path + "2", path + "3"])
    #expect(
      try Files.names(in: run.checkpoints.directory)
        == ["step-000001", "step-000002.1", "step-000003.1"])
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

  @Test func whatStandsInTheWayIsSetAside() throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch.path)
    func link(_ name: String, to path: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: scratch[name], withDestinationPath: path)
    }
    func fill(_ folder: String, _ names: String...) throws {
      try Files.createDirectory(scratch[folder])
      for name in names { try Files.writeAtomically([1], to: scratch["\(folder)/\(name)"]) }
    }
    func aside() throws -> [String] {
      try run.setObstaclesAside().map {
        #expect(!Files.isTaken($0.path) && Files.isTaken($0.aside))
        return String($0.aside.dropFirst(scratch.path.count + 1))
      }
    }
    // All of this is right: files, links to files and folders, empty folders, whole models.
    try fill("elsewhere", "completions.jsonl")
    try Files.writeAtomically([1], to: run.metrics)
    try link("completions.jsonl", to: scratch["elsewhere/completions.jsonl"])
    try link("checkpoints", to: scratch["elsewhere"])
    try fill("warm-start/model", "config.json", "notes.md")
    try fill("model")
    try fill("reward-model", "config.json", "model.safetensors", "tokenizer.json")
    #expect(try aside() == [])
    try link("warm-start/metrics.jsonl", to: scratch["elsewhere/new.jsonl"])
    #expect(try aside() == [] && Files.exists(scratch["elsewhere/new.jsonl"]))

    try FileManager.default.removeItem(atPath: run.metrics)
    try FileManager.default.removeItem(atPath: run.completions)
    try FileManager.default.removeItem(atPath: run.warmStartMetrics)
    try fill("metrics.jsonl")
    try fill("metrics.jsonl.1")
    try fill("MANIFEST.json", "x")
    try link("completions.jsonl", to: scratch["nowhere/completions.jsonl"])
    unsafe mkfifo(run.warmStartMetrics, 0o600)
    try fill("model", "notes.md")
    try fill("reward-model", "notes.md")
    try FileManager.default.removeItem(atPath: run.warmStartModel + "/config.json")
    #expect(
      try aside() == [
        "MANIFEST.json.1", "metrics.jsonl.2", "completions.jsonl.1", "warm-start/metrics.jsonl.1",
        "warm-start/model.1", "model.1", "reward-model.1",
      ])
    #expect(try aside() == [])
    // A finished model is discarded, unless something else is in it.
    try fill("model", "config.json")
    #expect(try run.discard(run.model) == nil && !Files.isTaken(run.model))
    try fill("model", "config.json", "notes.md")
    #expect(try run.discard(run.model) == run.model + ".2")
    #expect(Files.exists(run.model + ".2/notes.md"))
  }

  @Test func aLockThatIsNoFileIsRefused() throws {
    let scratch = try Scratch()
    unsafe mkfifo(scratch["lock"], 0o600)
    let error = #expect(throws: FormatError.self) { try RunDirectory(scratch.path).lock() }
    #expect(
      error?.description
        == "\(scratch["lock"]): is not a regular file; need a file, or nothing there")
  }

  @Test func aFileInItsPlaceIsRefused() throws {
    let scratch = try Scratch()
    try Files.writeAtomically([1], to: scratch["a"])
    let error = try #require(throws: FormatError.self) { try RunDirectory(scratch["a"]).create() }
    #expect(error.kind == .cannotCreate)
    #expect(error.description == "\(scratch["a"]): is a file; need a directory")
  }
}

import Formats
import Foundation
import Runs
import Testing

@Suite struct RunLockTests {
  @Test func theSecondWriterIsToldWhoHasIt() throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch.path)
    let lock = try run.lock()
    let error = try #require(throws: FormatError.self) { try run.lock() }
    #expect(error.kind == .cannotCreate)
    #expect(
      error.description == "\(run.path): is being written by process \(getpid())")
    lock.release()
    _ = try run.lock()
  }

  @Test func lettingGoOfTheLockReleasesIt() throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch.path)
    do { _ = try run.lock() }
    let lock = try run.lock()
    lock.release()
    #expect(try run.firstContent() == nil)
  }

  /// The system's lock is of a file, wherever that is by now.
  @Test(arguments: ["lock", "", "moved", "replaced"])
  func aRunThatIsNoLongerThereIsNotWritten(what: String) throws {
    let scratch = try Scratch()
    var run = RunDirectory(scratch["run"])
    try run.create()
    let lock = try run.lock()
    run.owner = lock
    let log = try run.log(run.metrics)
    try log.append(["step": 1])
    try run.checkpoints.write(step: 1, files: [], state: nil)
    try lock.confirm()
    switch what {
    case "moved":
      try FileManager.default.moveItem(atPath: run.path, toPath: scratch["moved"])
    case "replaced":
      try FileManager.default.removeItem(atPath: run.path)
      try run.create()
      _ = try RunDirectory(run.path).lock()
    default: try FileManager.default.removeItem(atPath: "\(run.path)/\(what)")
    }
    let before = try files(in: run.path)
    let writes: [() throws -> Void] = [
      { try lock.confirm() }, { try log.append(["step": 2]) }, { try log.truncate(toOffset: 0) },
      { _ = try run.log(run.completions) }, { _ = try lock.removeLeftovers() },
      { try run.checkpoints.write(step: 2, files: [], state: nil) },
      { _ = try run.checkpoints.retain(1) }, { try run.write([1], to: run.recipe) },
      { try run.write(RunManifest(inputs: [])) }, { try run.writeDirectory([], to: run.model) },
      { try run.createDirectory(run.warmStart) }, { try run.remove(run.path) },
    ]
    for write in writes {
      let error = #expect(throws: FormatError.self) { try write() }
      #expect(error?.kind == .replaced && error?.file == run.path)
    }
    #expect(try files(in: run.path) == before)
  }

  /// Names and sizes.
  private func files(in path: String) throws -> [String] {
    guard Files.exists(path) else { return [] }
    return try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
      .map { "\($0) \(Files.size("\(path)/\($0)") ?? 0)" }
  }

  /// Whose process id a leftover bears says nothing: the lock does.
  @Test func leftoversAtAnyDepthAreRemovedUnderTheLock() throws {
    let scratch = try Scratch()
    let leftovers = [
      "checkpoints/step-000001.tmp-77-old", "checkpoints/step-000002.tmp-1",
      "deep/er/outcome.json.tmp-5", "model.tmp-\(getpid())", "recipe.yaml.tmp-123",
      "reward-model.tmp-6", "tokenizer.model.tmp-7", "warm-start/model.tmp-999999999",
    ]
    let others = [
      "checkpoints/step-000001", "checkpoints/step-000002.tmp-x", "checkpoints/step-02.tmp-5",
      "model.tmp-", "notes.tmp-123", "recipe.yaml.tmp-123.bak",
    ]
    for name in leftovers + others { try Files.createDirectory(scratch["run/\(name)/inner"]) }
    // Behind a link is somebody else's.
    try Files.createDirectory(scratch["elsewhere/model.tmp-8"])
    try FileManager.default.createSymbolicLink(
      atPath: scratch["run/linked"], withDestinationPath: scratch["elsewhere"])
    let lock = try RunDirectory(scratch["run"]).lock()
    #expect(try lock.removeLeftovers() == leftovers)
    for name in leftovers { #expect(!Files.exists(scratch["run/\(name)"]), "\(name)") }
    for name in others { #expect(Files.exists(scratch["run/\(name)/inner"]), "\(name)") }
    #expect(Files.exists(scratch["elsewhere/model.tmp-8"]))
    #expect(try lock.removeLeftovers() == [])
  }

  @Test func aCheckpointThatStoodAsideForNothingIsPutBack() async throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch.path)
    try run.checkpoints.write(step: 2, files: [("a", [1])], state: nil)
    let path = "\(run.checkpoints.directory)/step-000002"
    try FileManager.default.moveItem(atPath: path, toPath: "\(path).tmp-999999999-old")
    #expect(try await run.checkpoints.latest() == nil)
    #expect(try run.lock().removeLeftovers() == [])
    #expect(try await run.checkpoints.latest()?.step == 2)
  }

  /// For a moment a process that is being started has a copy of every descriptor.
  @Test func aCopyOfItsDescriptorDoesNotKeepTheLock() throws {
    let scratch = try Scratch()
    let run = RunDirectory(scratch.path)
    let copy = try withExtendedLifetime(try run.lock()) {
      let files = FileManager.default
      let descriptor = try files.contentsOfDirectory(atPath: "/proc/self/fd").first {
        let path = try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        return path?.hasSuffix(scratch["lock"]) == true
      }
      return dup(try #require(descriptor.flatMap { Int32($0) }))
    }
    defer { close(copy) }
    try #require(copy >= 0)
    _ = try run.lock()
  }

  @Test func aMissingDirectoryIsAnError() throws {
    let scratch = try Scratch()
    #expect(throws: FormatError.self) { try RunDirectory(scratch["none"]).lock() }
  }
}

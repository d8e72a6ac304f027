import Formats
import Foundation
import Runs
import Testing

@Suite struct CheckpointsTests {
  private let scratch: Scratch
  private let checkpoints: Checkpoints

  init() throws {
    scratch = try Scratch()
    checkpoints = Checkpoints(directory: scratch["checkpoints"])
  }

  @Test func thereIsNoneBeforeTheFirst() async throws {
    #expect(try await checkpoints.latest() == nil)
    #expect(try checkpoints.steps() == [])
    #expect(try checkpoints.retain(1) == [])
  }

  @Test func theLatestIsTheHighestStep() async throws {
    for step in [2, 1_000_000, 10] { try write(step) }
    #expect(try await checkpoints.latest()?.step == 1_000_000)
    #expect(try checkpoints.steps() == [2, 10, 1_000_000])
    #expect(
      try Files.names(in: checkpoints.directory) == ["step-000002", "step-000010", "step-1000000"])
  }

  @Test func aStepIsReplacedAsAWhole() async throws {
    try write(1, [1])
    try checkpoints.write(step: 1, files: [("b", [2])], state: nil)
    let checkpoint = try #require(try await checkpoints.latest())
    #expect(checkpoint.files.map(\.name) == ["b"])
    #expect(try Files.names(in: checkpoints.directory) == ["step-000001"])
  }

  @Test func aStateThatCouldNotBeReadAgainIsNotWritten() throws {
    try write(1, [1])
    let error = #expect(throws: FormatError.self) {
      try checkpoints.write(step: 2, files: [], state: ["adaptive": [1, .number(.infinity)]])
    }
    #expect(error?.kind == .notFinite && error?.field == "state.adaptive[1]")
    #expect(try checkpoints.steps() == [1])
  }

  @Test func damageFallsBackToThePreviousStepAndIsNamed() async throws {
    let bytes = [UInt8](0..<8)
    let damages: [(String, [UInt8]?, String)] = [
      ("a", nil, "no such file"), ("a", [], "wrong size (got 0 bytes; need 8)"),
      ("a", Array(bytes.dropLast()), "wrong size (got 7 bytes; need 8)"),
      ("a", bytes + [0], "wrong size (got 9 bytes; need 8)"),
      ("a", [1] + bytes.dropFirst(), "sha256 mismatch"), ("MANIFEST.json", nil, "no such file"),
      ("MANIFEST.json", [], "empty"), ("MANIFEST.json", [0x7B], "found the end"),
    ]
    for (name, content, words) in damages {
      try write(1, bytes)
      try write(2, bytes)
      let path = "\(checkpoints.directory)/step-000002/\(name)"
      if let content {
        try Files.writeAtomically(content, to: path)
      } else {
        try FileManager.default.removeItem(atPath: path)
      }
      let checkpoint = try #require(try await checkpoints.latest())
      #expect(checkpoint.step == 1)
      #expect(checkpoint.skipped.count == 1)
      let reason = try #require(checkpoint.skipped.first?.description)
      #expect(reason.hasPrefix(path) && reason.contains(words), "\(reason)")
    }
  }

  /// A bit of each byte of each file of a checkpoint, flipped: found, or without meaning (a
  /// letter of the state), but then with the same files.
  @Test func noFlippedBitGoesUnnoticed() async throws {
    try write(1, [7, 8, 9])
    let sound = try #require(try await checkpoints.latest())
    for name in ["a", "MANIFEST.json"] {
      let path = "\(checkpoints.directory)/step-000001/\(name)"
      let bytes = try Files.read(path, maximumBytes: 1 << 20)
      for position in bytes.indices {
        var flipped = bytes
        flipped[position] ^= 1 << (position % 8)
        try overwrite(path, flipped)
        guard let checkpoint = try? await checkpoints.latest() else { continue }
        #expect(name != "a")
        #expect(checkpoint.files == sound.files)
      }
      try overwrite(path, bytes)
    }
  }

  @Test func whenNoneVerifiesThatIsAnError() async throws {
    for step in [1, 2] {
      try write(step)
      try Files.writeAtomically([0], to: "\(checkpoints.directory)/step-00000\(step)/a")
    }
    let error = try await #require(throws: Checkpoints.Unusable.self) {
      try await checkpoints.latest()
    }
    #expect(error.directory == checkpoints.directory)
    #expect(
      error.problems.map(\.message)
        == Array(repeating: "wrong size (got 1 bytes; need 3)", count: 2))
  }

  @Test func aLaterBuildsCheckpointIsNotPassedOver() async throws {
    try write(1)
    let path = "\(checkpoints.directory)/step-000002"
    try Files.createDirectory(path)
    try Files.writeAtomically(Array(#"{"format_version":3}"#.utf8), to: "\(path)/MANIFEST.json")
    let error = try await #require(throws: FormatError.self) { try await checkpoints.latest() }
    #expect(error.kind == .unsupported)
    #expect(error.message == "format 3, this build reads <= 1")
  }

  @Test func thoseOfAnotherRunAreNotTaken() async throws {
    let (own, other) = ("a", "b")
    func checkpoints(_ run: String?) -> Checkpoints {
      Checkpoints(directory: scratch["checkpoints"], run: run)
    }
    for (step, run) in [(1, own), (2, own), (3, other), (4, nil)] {
      try checkpoints(run).write(step: step, files: [("a", [1])], state: nil)
    }
    let latest = try #require(try await checkpoints(own).latest())
    #expect(latest.step == 2 && latest.run == own)
    #expect(
      latest.skipped.map(\.description)
        == [4, 3].map { "\(scratch["checkpoints"])/step-00000\($0): belongs to another run" })
    #expect(try checkpoints(own).lastStep() == 2)
    #expect(try checkpoints(own).retain(1) == [1])
    #expect(try checkpoints(own).steps() == [2, 3, 4])
    await #expect(throws: Checkpoints.Unusable.self) { try await checkpoints("c").latest() }
    #expect(try checkpoints("c").lastStep() == nil)
    // A run of before knows none of this.
    #expect(try await checkpoints(nil).latest()?.step == 4)
  }

  /// Later ones are there because they could not be gone on from.
  @Test func laterOnesThanTheLastDoNotCount() throws {
    for step in [1, 2, 9] { try write(step) }
    #expect(try checkpoints.retain(1, through: 2) == [1])
    #expect(try checkpoints.steps() == [2, 9])
  }

  @Test func onlyTheLastVerifiedOnesAreRetained() throws {
    for step in 1...5 { try write(step) }
    try Files.writeAtomically([0], to: "\(checkpoints.directory)/step-000004/a")
    #expect(try checkpoints.retain(2) == [1, 2])
    #expect(try checkpoints.steps() == [3, 4, 5])
    #expect(try checkpoints.retain(2) == [])
  }

  @Test func theLastVerifiedOneIsNeverRemoved() async throws {
    for step in 1...3 { try write(step) }
    for step in 2...3 {
      try Files.writeAtomically([0], to: "\(checkpoints.directory)/step-00000\(step)/a")
    }
    #expect(try checkpoints.retain(0) == [])
    #expect(try await checkpoints.latest()?.step == 1)
  }

  @Test func aFailedWriteLeavesWhatWasThere() async throws {
    try write(1, [1])
    for name in [
      "", ".", "..", "a/b", "MANIFEST.json", "a\u{0}", String(repeating: "n", count: 256),
    ] {
      #expect(throws: FormatError.self) {
        try checkpoints.write(step: 1, files: [(name, [2])], state: nil)
      }
    }
    #expect(throws: FormatError.self) {
      try checkpoints.write(step: 1, files: [("a", [2]), ("a", [3])], state: nil)
    }
    #expect(try await checkpoints.latest()?.read("a") == [1])
    #expect(try Files.names(in: checkpoints.directory) == ["step-000001"])
  }

  @Test func aDirectoryThatCannotBeMadeIsAnError() throws {
    try Files.writeAtomically([1], to: checkpoints.directory)
    let error = try #require(throws: FormatError.self) { try write(1) }
    #expect(error.kind == .cannotCreate)
  }

  private func overwrite(_ path: String, _ bytes: [UInt8]) throws {
    try FileManager.default.removeItem(atPath: path)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  private func write(_ step: Int, _ bytes: [UInt8] = [1, 2, 3]) throws {
    try checkpoints.write(step: step, files: [("a", bytes)], state: ["step": .integer(step)])
  }
}

import Formats
import Runs
import Testing

@Suite struct CheckpointTests {
  @Test func givesBackItsFilesAndState() async throws {
    let scratch = try Scratch()
    let checkpoints = Checkpoints(directory: scratch["checkpoints"])
    try checkpoints.write(
      step: 123, files: [("b.bin", [1, 2, 3]), ("a", [])], state: ["rate": 1e-4, "n": 1])
    let checkpoint = try #require(try await checkpoints.latest())
    #expect(checkpoint.step == 123)
    #expect(checkpoint.path == scratch["checkpoints/step-000123"])
    #expect(checkpoint.state == ["rate": 1e-4, "n": 1])
    #expect(checkpoint.files.map(\.name) == ["b.bin", "a"])
    #expect(checkpoint.files[0].digest == FileDigest(of: [1, 2, 3]))
    #expect(try checkpoint.read("b.bin") == [1, 2, 3])
    #expect(try checkpoint.read("a") == [])
    let error = try #require(throws: FormatError.self) { try checkpoint.read("c") }
    #expect(error.isMissing)
  }

  @Test func aFileDamagedAfterTheVerificationIsNotRead() async throws {
    let scratch = try Scratch()
    let checkpoints = Checkpoints(directory: scratch.path)
    try checkpoints.write(step: 1, files: [("a", [1, 2, 3])], state: nil)
    let checkpoint = try #require(try await checkpoints.latest())
    try Files.writeAtomically([1, 2, 4], to: scratch["step-000001/a"])
    let error = try #require(throws: FormatError.self) { try checkpoint.read("a") }
    #expect(error.description.contains("step-000001/a: sha256 mismatch"))
  }

  /// A manifest is untrusted: its names must not lead elsewhere, its numbers must not trap.
  @Test(arguments: [
    ("{}", "format_version"), (#"{"format_version":1}"#, "step"),
    (#"{"format_version":1,"step":2,"files":[],"state":null}"#, "step"),
    (#"{"format_version":1,"step":1,"files":{},"state":null}"#, "files"),
    (#"{"format_version":1,"step":1,"files":[]}"#, "state"),
    (
      #"{"format_version":1,"step":1,"state":1,"files":[{"name":"../a","bytes":1,"sha256":""}]}"#,
      "files[0]"
    ),
    (
      #"{"format_version":1,"step":1,"state":1,"files":[{"name":"a","bytes":-1,"sha256":""}]}"#,
      "files[0]"
    ),
    (#"{"format_version":1,"step":1,"state":1,"files":[7]}"#, "files[0]"),
    (
      #"{"format_version":1,"step":1,"state":1,"files":[{"name":"a","bytes":9223372036854775807,"#
        + #""sha256":""}]}"#, "files[0]"
    ),
    (#"{"format_version":-1,"step":1,"state":1,"files":[]}"#, "format_version"),
    (#"{"format_version":1,"step":9223372036854775807,"state":1,"files":[]}"#, "step"),
  ])
  func aManifestThatIsNoneIsNamed(manifest: String, field: String) async throws {
    let scratch = try Scratch()
    try Files.createDirectory(scratch["step-000001"])
    try Files.writeAtomically(Array(manifest.utf8), to: scratch["step-000001/MANIFEST.json"])
    let error = try await #require(throws: Checkpoints.Unusable.self) {
      try await Checkpoints(directory: scratch.path).latest()
    }
    #expect(error.problems.map(\.field) == [field])
    #expect(error.problems.first?.file == scratch["step-000001/MANIFEST.json"])
  }
}

import Formats
import Runs
import Testing

@Suite struct RunManifestTests {
  @Test func isReadBackAsItWasWritten() throws {
    let scratch = try Scratch()
    var manifest = RunManifest(
      inputs: [.init(field: "data.train", digest: FileDigest(of: [1, 2, 3]))],
      changes: [.init(field: "train.beta", from: "0.1", to: "0.2", step: 7)])
    manifest["model.path/config.json"] = FileDigest(of: [])
    manifest.id = RunManifest.newID()
    try manifest.write(to: scratch["m"])
    #expect(try RunManifest(contentsOf: scratch["m"]) == manifest)
    let json = try JSON(parsing: Files.read(scratch["m"], maximumBytes: 1 << 20), file: "m")
    #expect(json["format_version"] == 2)
    #expect(json["id"]?.string == manifest.id)
    #expect(json["version"]?.string == ProgramVersion.current)
    let input = try #require(json["inputs"]?["data.train"])
    #expect(input["bytes"]?.int == 3)
    #expect(
      input["sha256"]?.string == "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81")
  }

  @Test func noTwoRunsHaveTheSameID() {
    let ids = (0..<100).map { _ in RunManifest.newID() }
    #expect(Set(ids).count == 100)
    #expect(ids.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
  }

  /// A manifest is untrusted: it may be damaged, and its numbers may be any.
  @Test(arguments: [
    ("{}", "format_version"), (#"{"format_version":-1}"#, "format_version"),
    (#"{"format_version":1}"#, "version"), (#"{"format_version":1,"version":"1"}"#, "inputs"),
    (#"{"format_version":1,"version":"1","inputs":{}}"#, "changes"),
    (
      #"{"format_version":1,"version":"1","inputs":{"a":{"bytes":9223372036854775807,"#
        + #""sha256":""}},"changes":[]}"#, "inputs.a"
    ),
    (
      #"{"format_version":1,"version":"1","inputs":{},"changes":[{"field":"a","from":"","to":"","#
        + #""step":9223372036854775807}]}"#, "changes[0]"
    ),
  ])
  func whatIsNoneIsNamed(text: String, field: String) throws {
    let scratch = try Scratch()
    try Files.writeAtomically(Array(text.utf8), to: scratch["m"])
    let error = try #require(throws: FormatError.self) {
      try RunManifest(contentsOf: scratch["m"])
    }
    #expect(error.field == field && error.kind == .invalid)
  }

  @Test func aLaterBuildsManifestIsNotPassedOver() throws {
    let scratch = try Scratch()
    try Files.writeAtomically(Array(#"{"format_version":3}"#.utf8), to: scratch["m"])
    let error = try #require(throws: FormatError.self) {
      try RunManifest(contentsOf: scratch["m"])
    }
    #expect(error.kind == .unsupported)
  }
}

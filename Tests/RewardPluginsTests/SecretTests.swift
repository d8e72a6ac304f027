import Foundation
import RewardPlugins
import Rewards
import Testing

@Suite struct SecretTests {
  @Test func aTextIsItself() throws {
    #expect(try Secret("http://a/b").value(of: "url") == "http://a/b")
    #expect(try Secret("file:///a/b").value(of: "url") == "file:///a/b")
    #expect(!Secret("http://env:x@y").isReference)
  }

  @Test func aReferenceIsWhatItRefersTo() throws {
    let folder = try ScriptFolder()
    try folder.write("token", " s3cret\n")
    #expect(try Secret("file:\(folder.path)/token").value(of: "token") == "s3cret")
    try folder.write("marked", "\u{FEFF}s3cret\r\n")
    #expect(try Secret("file:\(folder.path)/marked").value(of: "token") == "s3cret")
    let path = try #require(ProcessInfo.processInfo.environment["PATH"])
    #expect(try Secret("env:PATH").value(of: "token") == path)
  }

  @Test func whatIsNotThereIsNamed() throws {
    let folder = try ScriptFolder()
    try folder.write("empty", "\n")
    try Data([0x73, 0xE9]).write(to: URL(filePath: folder.path + "/latin1"))
    for (source, problem) in [
      ("env:NO_SUCH_NAME", "env:NO_SUCH_NAME: no such environment variable"),
      ("file:\(folder.path)/empty", "file:\(folder.path)/empty: is empty"),
      ("file:\(folder.path)/latin1", "file:\(folder.path)/latin1: is not UTF-8"),
      ("file:/no/such/file", "file:/no/such/file: no such file"),
      (
        "***",
        "***: the run's copy of the recipe omits this secret (need it again, preferably as env:NAME or "
          + "file:PATH)"
      ),
    ] {
      #expect(
        throws: RewardError.badOption(reward: "url", option: "token", problem: problem)
      ) {
        _ = try Secret(source).value(of: "token")
      }
    }
  }
}

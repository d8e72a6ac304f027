import Foundation
import RewardPlugins
import TestSupport
import Testing

@Suite struct UnreadOutputTests {
  private let folder: ScriptFolder
  private let pipe = Pipe()

  init() throws { folder = try ScriptFolder() }

  /// A shell with the pipe as its output.
  private func shell(_ script: String) async throws -> ChildProcess {
    try await ChildProcess(
      ["sh", "-c", script], in: folder.path,
      output: pipe.fileHandleForWriting.fileDescriptor)
  }

  @Test func whatIsInThePipeIsCountedUntilItIsTaken() async throws {
    let child = try await shell("printf abc; exec sleep 1000")
    let unread = UnreadOutput(of: child.identifier)
    try await waitUntil { unread.count == 3 }
    #expect(try pipe.fileHandleForReading.read(upToCount: 2)?.count == 2)
    #expect(unread.count == 1)
    child.send(SIGKILL)
    _ = try await child.end()
  }

  /// What a file holds is never taken out: to wait for that is to wait for ever.
  @Test func whatAFileInItsPlaceHoldsIsNotCounted() async throws {
    try folder.write("file", "something to read")
    let child = try await shell(
      """
      exec 3>&1 1<>file
      echo $$ >pid
      while [ ! -e go ]; do sleep 0.01; done
      exec 1>&3 3>&-
      printf ab
      exec sleep 1000
      """)
    try await waitUntil { exists(folder.read("pid")) }
    let unread = UnreadOutput(of: child.identifier)
    #expect(unread.count == 0)
    try folder.write("go", "")
    try await waitUntil { unread.count == 2 }
    child.send(SIGKILL)
    _ = try await child.end()
  }

  /// Where a bridge puts standard error in the place of its output.
  @Test func standardErrorInItsPlaceIsNotCounted() async throws {
    let errors = Pipe()
    let child = try await ChildProcess(
      [
        "sh", "-c",
        """
        exec 3>&1 1>&2
        printf 'a warning'
        echo $$ >pid.new; mv pid.new pid
        while [ ! -e go ]; do sleep 0.01; done
        exec 1>&3 3>&-
        printf ab
        exec sleep 1000
        """,
      ], in: folder.path, output: pipe.fileHandleForWriting.fileDescriptor,
      errors: errors.fileHandleForWriting.fileDescriptor)
    try await waitUntil { exists(folder.read("pid")) }
    let unread = UnreadOutput(of: child.identifier)
    #expect(unread.count == 0)
    try folder.write("go", "")
    try await waitUntil { unread.count > 0 }
    #expect(unread.count == 2)
    child.send(SIGKILL)
    _ = try await child.end()
  }

  @Test func aPipeBetweenOthersIsNotCounted() async throws {
    let child = try await shell(
      """
      sh -c 'echo abc; echo $$ >pid.new; mv pid.new pid; exec sleep 1000' |
        while [ ! -e go ]; do sleep 0.01; done
      """)
    try await waitUntil { exists(folder.read("pid")) }
    let writer = try #require(
      folder.read("pid").flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
    #expect(UnreadOutput(of: writer).count == 0)
    kill(writer, SIGKILL)
    try folder.write("go", "")
    _ = try await child.end()
  }
}

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
    #expect(try run.isEmpty())
  }

  @Test func aMissingDirectoryIsAnError() throws {
    let scratch = try Scratch()
    #expect(throws: FormatError.self) { try RunDirectory(scratch["none"]).lock() }
  }
}

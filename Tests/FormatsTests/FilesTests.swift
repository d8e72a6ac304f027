import Formats
import Foundation
import Testing

@Suite struct FilesTests {
  @Test func whatIsWrittenIsRead() throws {
    let scratch = try Scratch()
    let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
    try Files.writeAtomically(bytes, to: scratch["a"])
    #expect(try Files.read(scratch["a"], maximumBytes: 100_000) == bytes)
    try Files.writeAtomically([], to: scratch["a"])
    #expect(try Files.read(scratch["a"], maximumBytes: 0) == [])
    #expect(try Files.names(in: scratch.path) == ["a"])
  }

  @Test func aMissingFileIsToldApart() throws {
    let scratch = try Scratch()
    let error = try #require(throws: FormatError.self) {
      try Files.read(scratch["none"], maximumBytes: 1)
    }
    #expect(error.isMissing)
    #expect(error.description == "\(scratch["none"]): no such file")
  }

  @Test func aFileBeyondTheLimitIsRefused() throws {
    let scratch = try Scratch()
    try Files.writeAtomically([1, 2, 3], to: scratch["a"])
    let error = try #require(throws: FormatError.self) {
      try Files.read(scratch["a"], maximumBytes: 2)
    }
    #expect(error.kind == .invalid)
    #expect(error.message == "too large (got 3 bytes; need at most 2)")
  }

  @Test func onlyRegularFilesAreRead() throws {
    let scratch = try Scratch()
    for path in [scratch.path, "/dev/zero"] {
      let error = try #require(throws: FormatError.self) {
        try Files.read(path, maximumBytes: 1 << 20)
      }
      #expect(error.message.contains("need a file"), "\(error)")
    }
  }

  @Test func aFailedWriteLeavesNoTemporaryFile() throws {
    let scratch = try Scratch()
    try Files.createDirectory(scratch["taken/inside"])
    let error = try #require(throws: FormatError.self) {
      try Files.writeAtomically([1], to: scratch["taken"])
    }
    #expect(error.kind == .cannotCreate)
    #expect(try Files.names(in: scratch.path) == ["taken"])
    #expect(throws: FormatError.self) { try Files.writeAtomically([1], to: scratch["no/where"]) }
  }

  @Test func aDirectoryIsWrittenWholeOrNotAtAll() throws {
    let scratch = try Scratch()
    try Files.writeDirectory([("a", [1]), ("b", [2])], to: scratch["made"])
    #expect(try Files.names(in: scratch["made"]) == ["a", "b"])
    #expect(try Files.read(scratch["made/b"], maximumBytes: 1) == [2])
    for (name, path) in [("a", "made"), ("no/where", "other")] {
      #expect(throws: FormatError.self) {
        try Files.writeDirectory([(name, [3])], to: scratch[path])
      }
    }
    #expect(try Files.read(scratch["made/a"], maximumBytes: 1) == [1])
    #expect(try Files.names(in: scratch.path) == ["made"])
  }

  @Test func aPlaceIsCheckedBeforeThereIsWorkToLose() throws {
    let scratch = try Scratch()
    try Files.writeAtomically([1], to: scratch["file"])
    try Files.createDirectory(scratch["folder"])
    try FileManager.default.createSymbolicLink(
      atPath: scratch["link"], withDestinationPath: "nowhere")
    let names = try Files.names(in: scratch.path)
    for name in ["file", "folder", "link", "file/new", "/proc/new"] {
      let path = name.hasPrefix("/") ? name : scratch[name]
      let error = #expect(throws: FormatError.self) { try Files.checkPlace(ofDirectory: path) }
      #expect(error?.kind == .cannotCreate && error?.file == path, "\(error as Any)")
    }
    for name in ["folder", "none/new", "file/new", "new/", "/proc/new"] {
      let path = name.hasPrefix("/") ? name : scratch[name]
      let error = #expect(throws: FormatError.self) { try Files.checkPlace(ofFile: path) }
      #expect(error?.kind == .cannotCreate && error?.file == path, "\(error as Any)")
    }
    try Files.checkPlace(ofFile: scratch["file"])
    try Files.checkPlace(ofFile: scratch["new"])
    try Files.checkPlace(ofDirectory: scratch["new"])
    #expect(try Files.read(scratch["file"], maximumBytes: 1) == [1])
    #expect(try Files.names(in: scratch.path) == names)
    try Files.checkPlace(ofDirectory: scratch["new/"])
    try Files.writeDirectory([("a", [1])], to: scratch["new/"])
    #expect(try Files.names(in: scratch["new"]) == ["a"])
  }

  @Test func directoriesAreMadeWithTheirParents() throws {
    let scratch = try Scratch()
    try Files.createDirectory(scratch["a/b/c"])
    try Files.createDirectory(scratch["a/b/c/"])
    #expect(Files.isDirectory(scratch["a/b/c"]))
    try Files.writeAtomically([1], to: scratch["file"])
    for path in ["file", "file/inside"] {
      let error = try #require(throws: FormatError.self) {
        try Files.createDirectory(scratch[path])
      }
      #expect(error.kind == .cannotCreate)
    }
  }

  @Test func namesAreSortedAndNoneWhereThereIsNoDirectory() throws {
    let scratch = try Scratch()
    for name in ["b", "a", "C"] { try Files.writeAtomically([], to: scratch[name]) }
    #expect(try Files.names(in: scratch.path) == ["C", "a", "b"])
    #expect(try Files.names(in: scratch["none"]) == [])
  }
}

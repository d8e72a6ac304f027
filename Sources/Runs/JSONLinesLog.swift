public import Formats
import Foundation

/// A file to which JSON objects are appended, one a line.
///
/// Every line is handed to the operating system at once and whole: where writing fails, what was
/// written of the line is cut off again, and an error is thrown.
public final class JSONLinesLog {
  /// The file's path.
  public let path: String
  /// The length of the file in bytes: where the next line begins.
  public private(set) var offset: Int
  private let descriptor: Int32
  private let owner: RunLock?
  /// Whether the file ends with a line's end, as it must before a line is appended.
  private var isWhole = true

  /// Opens the log, or creates an empty one.
  ///
  /// - Parameter owner: The right to write the log's run, which is confirmed before lines are
  ///   written.
  /// - Throws: a `FormatError`, which is `.cannotCreate` when the log cannot be opened for writing,
  ///   or is no regular file.
  public init(path: String, owner: RunLock? = nil) throws(FormatError) {
    (self.path, self.owner) = (path, owner)
    descriptor = FileSystemCalls.open(path, O_RDWR | O_CREAT | O_APPEND)
    guard descriptor >= 0 else { throw Files.failure("cannot create", path, .cannotCreate) }
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= 0 else {
      close(descriptor)
      throw FormatError(
        "is not a regular file; need a file, or nothing there", file: path, kind: .cannotCreate)
    }
    offset = Int(end)
    isWhole = lineEnds(at: offset)
  }

  deinit { close(descriptor) }

  /// Appends one line.
  ///
  /// - Throws: as ``append(contentsOf:)``.
  public func append(_ object: JSONObject) throws(FormatError) {
    try append(contentsOf: [object])
  }

  /// Appends a line for each object, or none at all.
  ///
  /// - Throws: a `FormatError`; also when the last line is not whole, which ``truncate(toOffset:)``
  ///   mends.
  public func append(contentsOf objects: [JSONObject]) throws(FormatError) {
    guard isWhole else {
      throw FormatError("the last line is incomplete; truncate the log first", file: path)
    }
    try owner?.confirm()
    var lines: [UInt8] = []
    for object in objects {
      lines += JSON.object(object).encodedBytes()
      lines.append(UInt8(ascii: "\n"))
    }
    do throws(FormatError) {
      try Files.write(lines, to: descriptor, named: path)
    } catch {
      // Best effort: the error that is thrown is the one that matters.
      _ = ftruncate(descriptor, off_t(offset))
      throw error
    }
    offset += lines.count
  }

  /// Waits until all lines are on the disk, where they survive a crash of the machine.
  public func synchronize() throws(FormatError) {
    guard fsync(descriptor) == 0 else { throw Files.failure("cannot write", path, .inputOutput) }
  }

  /// Cuts the log back to its first `offset` bytes, as a checkpoint recorded them.
  ///
  /// - Throws: a `FormatError` when the log is shorter, or does not have a line's end there.
  public func truncate(toOffset offset: Int) throws(FormatError) {
    guard (0...self.offset).contains(offset) else {
      throw FormatError("too short (got \(self.offset) bytes; need \(offset))", file: path)
    }
    guard lineEnds(at: offset) else {
      throw FormatError("no line ends at byte \(offset)", file: path)
    }
    try cut(to: offset)
  }

  /// Where the lines of the steps up to `step` end, and what is wrong with them; nothing is cut.
  ///
  /// That is `offset`, as a checkpoint recorded it, where a line of `step` ends there. Otherwise it
  /// is the end of the last line of an earlier step: missing lines stay missing.
  public func end(
    ofStep step: Int, recordedAt offset: Int
  ) throws(FormatError) -> (offset: Int, problem: FormatError?) {
    if (0...self.offset).contains(offset), try isEnd(ofStep: step, at: offset) {
      return (offset, nil)
    }
    let (end, found) = try lastLine(ofStepsUpTo: step)
    let message =
      switch found {
      case step?: "was changed since step \(step)"
      case let found?: "is missing the lines from step \(found + 1) to step \(step)"
      case nil: "has no line of step \(step) or earlier"
      }
    return (end, FormatError(message, file: path))
  }

  /// Whether a line ends at `offset`, and is of this step as far as it can be read.
  private func isEnd(ofStep step: Int, at offset: Int) throws(FormatError) -> Bool {
    if offset == 0 { return step == 0 }
    guard lineEnds(at: offset) else { return false }
    let line = try bytes(ofLineBefore: offset - 1)
    guard let found = try? LogReading.object(line, file: path)["step"] else { return true }
    return found.int == step
  }

  private func bytes(ofLineBefore end: Int) throws(FormatError) -> ArraySlice<UInt8> {
    var size = 1 << 12
    while true {
      let start = max(0, end - size)
      let bytes = try read(start..<end)
      if let newline = bytes.lastIndex(of: UInt8(ascii: "\n")) { return bytes[(newline + 1)...] }
      if start == 0 { return bytes[...] }
      size *= 4
    }
  }

  private func lastLine(
    ofStepsUpTo step: Int
  ) throws(FormatError) -> (end: Int, step: Int?) {
    let bytes = try read(0..<offset)
    var (start, last): (Int, (end: Int, step: Int?)) = (0, (0, nil))
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let object = try? LogReading.object(bytes[start..<end], file: path)
      start = end + 1
      guard let found = object?["step"]?.int, found >= 0 else { continue }
      if found > step { break }
      last = (start, found)
    }
    return last
  }

  private func read(_ range: Range<Int>) throws(FormatError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    // SAFETY: what is filled is the array's own buffer.
    let (count, _) = unsafe bytes.withUnsafeMutableBytes { buffer in
      unsafe Files.fill(buffer, from: descriptor, at: range.lowerBound)
    }
    guard count == bytes.count else { throw Files.failure("cannot read", path, .inputOutput) }
    return bytes
  }

  private func cut(to offset: Int) throws(FormatError) {
    // A device cannot be cut, and need not be.
    if offset == self.offset && isWhole { return }
    try owner?.confirm()
    guard ftruncate(descriptor, off_t(offset)) == 0 else {
      throw Files.failure("cannot write", path, .inputOutput)
    }
    self.offset = offset
    isWhole = true
    try synchronize()
  }

  private func lineEnds(at offset: Int) -> Bool {
    guard offset > 0 else { return true }
    var byte: UInt8 = 0
    // SAFETY: the call writes at most the one byte it is given.
    let count = unsafe pread(descriptor, &byte, 1, off_t(offset - 1))
    return count == 1 && byte == UInt8(ascii: "\n")
  }
}

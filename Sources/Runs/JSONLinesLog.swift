public import Formats
import Foundation

/// A file to which one JSON object a line is appended.
///
/// Every line goes to the operating system at once and whole: a failed write is an error, and
/// what it left of the line is cut off again.
public final class JSONLinesLog {
  public let path: String
  /// The length of the file in bytes: where the next line begins.
  public private(set) var offset: Int
  private let descriptor: Int32
  /// Whether the file ends with a line's end, as it must before a line is appended.
  private var isWhole = true

  /// Opens the log, or makes an empty one.
  ///
  /// - Throws: a `FormatError`, which is `.cannotCreate` when it cannot be opened for writing.
  public init(path: String) throws(FormatError) {
    self.path = path
    descriptor = FileSystemCalls.open(path, O_RDWR | O_CREAT | O_APPEND)
    guard descriptor >= 0 else { throw Files.failure("cannot create", path, .cannotCreate) }
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= 0 else {
      close(descriptor)
      throw Files.failure("cannot read", path, .inputOutput)
    }
    offset = Int(end)
    isWhole = lineEnds(at: offset)
  }

  deinit { close(descriptor) }

  /// Appends one line.
  ///
  /// - Throws: a `FormatError`; also when the last line is not whole, which `truncate` cures.
  public func append(_ object: JSONObject) throws(FormatError) {
    guard isWhole else {
      throw FormatError(file: path, message: "the last line is not whole; cut the log back first")
    }
    var line = JSON.object(object).encodedBytes()
    line.append(UInt8(ascii: "\n"))
    do throws(FormatError) {
      try Files.write(line, to: descriptor, named: path)
    } catch {
      // Best effort: the error that is thrown is the one that matters.
      _ = ftruncate(descriptor, off_t(offset))
      throw error
    }
    offset += line.count
  }

  /// Makes all lines so far survive a crash of the machine.
  public func synchronize() throws(FormatError) {
    guard fsync(descriptor) == 0 else { throw Files.failure("cannot write", path, .inputOutput) }
  }

  /// Cuts the log back to its first `offset` bytes, as a checkpoint recorded them.
  ///
  /// - Throws: a `FormatError` when the log is shorter, or does not have a line's end there.
  public func truncate(toOffset offset: Int) throws(FormatError) {
    guard (0...self.offset).contains(offset) else {
      throw FormatError(
        file: path, message: "too short (got \(self.offset) bytes; need \(offset))")
    }
    guard lineEnds(at: offset) else {
      throw FormatError(file: path, message: "no line ends at byte \(offset)")
    }
    try cut(to: offset)
  }

  /// Cuts the log back to its first `lines` lines.
  ///
  /// - Throws: a `FormatError` when it has fewer.
  public func truncate(toLines lines: Int) throws(FormatError) {
    let bytes = try Files.read(path, maximumBytes: .max)
    var offset = 0
    for line in 0..<max(0, lines) {
      guard let end = bytes[offset...].firstIndex(of: UInt8(ascii: "\n")) else {
        throw FormatError(file: path, message: "too short (got \(line) lines; need \(lines))")
      }
      offset = end + 1
    }
    try cut(to: offset)
  }

  private func cut(to offset: Int) throws(FormatError) {
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

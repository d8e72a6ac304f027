import Formats
import Foundation

/// Data that an option names: a file, `-` for standard input, or a pipe, such as a shell makes for
/// `<(…)`.
struct DataArgument {
  let bytes: [UInt8]
  /// What errors call it.
  let file: String

  private static let maximumBytes = 1 << 30

  /// Reads all of it.
  init(_ path: String) throws {
    if ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].contains(path) {
      file = StandardInput.name
      bytes = try StandardInput.readAll(maximumBytes: Self.maximumBytes)
    } else if Files.kind(path) == .stream {
      file = path
      let descriptor = FileSystemCalls.open(path, O_RDONLY)
      guard descriptor >= 0 else { throw Files.failure("cannot open", path, .inputOutput) }
      defer { close(descriptor) }
      bytes = try StandardInput.readAll(
        from: descriptor, named: path, maximumBytes: Self.maximumBytes)
    } else {
      file = path
      bytes = try Files.read(path, maximumBytes: Self.maximumBytes)
    }
  }
}

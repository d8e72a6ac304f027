internal import Foundation

/// Makes an executable file of this text.
///
/// Another process writes it. A file that somebody has open for writing cannot be executed, and
/// whatever is open here is, for a moment, open in every process that a test beside this one starts.
package func makeExecutable(_ path: String, _ text: String) async throws {
  let source = path + ".source"
  try Data(text.utf8).write(to: URL(fileURLWithPath: source))
  let script = "cp \"$1\" \"$2\" && chmod 755 \"$2\" && rm \"$1\""
  let copy = try await ChildProcess(["/bin/sh", "-c", script, "sh", source, path])
  guard try await copy.end() == .exit(0) else { throw CocoaError(.fileWriteUnknown) }
}

internal import Foundation

/// Makes an executable file of this text.
///
/// Another process writes it. A file that somebody has open for writing cannot be executed, and
/// whatever is open here is, for a moment, open in every process that a test beside this one starts.
public func makeExecutable(_ path: String, _ text: String) throws {
  let source = path + ".source"
  try Data(text.utf8).write(to: URL(fileURLWithPath: source))
  let copy = Process()
  copy.executableURL = URL(fileURLWithPath: "/bin/sh")
  copy.arguments = ["-c", "cp \"$1\" \"$2\" && chmod 755 \"$2\" && rm \"$1\"", "sh", source, path]
  try copy.run()
  copy.waitUntilExit()
  guard copy.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
}

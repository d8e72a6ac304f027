import Foundation

/// A directory of its own for one test, removed when the test lets go of it.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "runs-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { "\(path)/\(name)" }
}

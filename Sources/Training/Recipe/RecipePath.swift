internal import Formats

/// Paths as text: joined and shortened without asking the file system, as a shell's `cd` does.
enum RecipePath {
  /// `path` as an absolute path without `.` and `..`, counted from `directory` when relative.
  static func absolute(_ path: String, from directory: String) -> String {
    "/" + components(isAbsolute(path) ? path : directory + "/" + path).joined(separator: "/")
  }

  /// How `path` is named from within `directory`, both absolute; from within `/` by itself.
  static func relative(_ path: String, to directory: String) -> String {
    let target = components(path)
    let base = components(directory)
    if base.isEmpty { return path }
    let shared = zip(target, base).prefix { $0.utf8.elementsEqual($1.utf8) }.count
    let steps = base.dropFirst(shared).map { _ in ".." } + target.dropFirst(shared)
    return steps.isEmpty ? "." : steps.joined(separator: "/")
  }

  /// The directory that holds `path`, which is absolute.
  static func directory(of path: String) -> String {
    "/" + components(path).dropLast().joined(separator: "/")
  }

  static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

  private static func components(_ path: String) -> [String] {
    var components: [String] = []
    for part in path.split(bytes: "/") where !part.isEmpty && part != "." {
      if part == ".." { _ = components.popLast() } else { components.append(part) }
    }
    return components
  }
}

internal import Formats

/// Absolute paths, each of which names what the system finds under it.
///
/// A `..` is dropped with the name before it, as text; not so behind a symbolic link, where the system
/// goes on from what the link leads to. Hence the same file has the same path, for all that text can
/// tell.
package enum RecipePath {
  /// `path` as an absolute path, counted from `directory` when relative.
  package static func absolute(_ path: String, from directory: String) -> String {
    "/" + components(isAbsolute(path) ? path : directory + "/" + path).joined(separator: "/")
  }

  /// How `path` is named from within `directory`, both absolute; from within `/` by itself, and also
  /// where the way out of `directory` is the way out of a symbolic link.
  package static func relative(_ path: String, to directory: String) -> String {
    let target = components(path)
    let base = components(directory)
    if base.isEmpty { return path }
    let shared = zip(target, base).prefix { $0.utf8.elementsEqual($1.utf8) }.count
    for length in base.indices.dropFirst(shared) where isLink(base[...length]) { return path }
    let steps = base.dropFirst(shared).map { _ in ".." } + target.dropFirst(shared)
    return steps.isEmpty ? "." : steps.joined(separator: "/")
  }

  /// The directory that holds `path`, which is absolute.
  package static func directory(of path: String) -> String {
    "/" + components(path).dropLast().joined(separator: "/")
  }

  static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

  private static func components(_ path: String) -> [String] {
    var components: [String] = []
    for part in path.split(bytes: "/") where !part.isEmpty && part != "." {
      if part == "..", components.isEmpty { continue }
      if part == "..", components.last != "..", !isLink(components[...]) {
        components.removeLast()
      } else {
        components.append(part)
      }
    }
    return components
  }

  private static func isLink(_ components: ArraySlice<String>) -> Bool {
    Files.isSymbolicLink("/" + components.joined(separator: "/"))
  }
}

internal import Formats
internal import Foundation

/// What lies on the disk where a reward may look.
enum FoundFiles {
  private static let mostListed = 10_000

  static func hasPython(_ folder: String) -> Bool {
    !files(in: folder, ending: ".py").isEmpty
  }

  /// What can be read in a directory and below it, runs of this program and hidden files aside.
  static func files(in folder: String, ending: String = "") -> [String] {
    var (found, folders, seen) = ([String](), [folder], Set<ByteKey>())
    while let next = folders.popLast(), found.count < mostListed {
      guard seen.insert(ByteKey(resolved(next))).inserted else { continue }
      let names = (try? Files.names(in: next)) ?? []
      if names.contains("lock"), names == ["lock"] || names.contains("recipe.yaml") { continue }
      for name in names where !name.hasPrefix(".") && name != "__pycache__" {
        let path = "\(next)/\(name)"
        if ending.isEmpty || name.hasSuffix(ending), isReadable(path) {
          found.append(path)
        } else if Files.isDirectory(path) {
          folders.append(path)
        }
      }
    }
    return found
  }

  /// What nobody here may read, no program of theirs can, either.
  static func isReadable(_ path: String) -> Bool {
    Files.size(path) != nil && FileManager.default.isReadableFile(atPath: path)
  }

  /// Where the path leads to behind all its links.
  static func resolved(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
  }

  static func isOfSystem(_ path: String) -> Bool {
    ["/usr/", "/bin/", "/sbin/", "/lib", "/dev/", "/proc/", "/sys/", "/etc/"].contains {
      path.hasPrefix($0)
    } || ["/", "//", "/tmp/", "/var/tmp/"].contains(path)
  }
}

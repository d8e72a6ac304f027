import Foundation

extension String {
  /// The text as one word of a shell's command line.
  var shellQuoted: String {
    let plain = !isEmpty && unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil
        || "-_./=:,+@%".unicodeScalars.contains($0))
    }
    if plain { return self }
    return "'" + replacingOccurrences(of: "'", with: "'\\''").visible() + "'"
  }
}

/// Paths as they are shown: from the current directory, where they lie within it.
func shownPath(_ path: String) -> String {
  let here = FileManager.default.currentDirectoryPath
  return path.hasPrefix(here + "/") ? String(path.dropFirst(here.count + 1)) : path
}

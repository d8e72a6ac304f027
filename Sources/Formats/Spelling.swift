/// Finds the name that somebody may have meant.
package enum Spelling {
  /// The member of `names` that `word` begins, or else the one nearest to it in edits, the first of
  /// equals, whatever their case.
  ///
  /// Nil when every name is further than a third of the word's length, two edits at least.
  package static func closest(to word: String, among names: [String]) -> String? {
    let limit = max(2, word.utf8.count / 3)
    // Longer words cannot be a slip, and the distance costs their square.
    guard word.utf8.count <= 64 else { return nil }
    let word = word.lowercased()
    var best: (name: String, distance: Int)?
    for name in names {
      let isBegun = word.utf8.count >= 2 && name.lowercased().utf8.starts(with: word.utf8)
      // As near as one edit: the same word in another case is nearer.
      let edits = editDistance(word, name.lowercased())
      let distance = isBegun ? min(edits, 1) : edits
      if distance <= limit && distance < best?.distance ?? .max { best = (name, distance) }
    }
    return best?.name
  }

  /// The least number of insertions, deletions and replacements of bytes from `a` to `b`.
  ///
  /// Wagner & Fischer 1974, one row at a time.
  static func editDistance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8), Array(b.utf8))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let replaced = diagonal + (x == y ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
      }
    }
    return row[b.count]
  }
}

import Formats

/// The rules of a normalizer that replace characters, as SentencePiece stores them.
///
///     [size: UInt32] [trie: size bytes] [replacements, each ended by NUL]
///
/// The trie is a double array (darts-clone): unit u at index p has the children
/// q = p ⊕ offset(u) ⊕ c, one for each byte c with label(q) = c, and, where hasLeaf(u), at
/// p ⊕ offset(u) the offset of its replacement. All numbers are little-endian.
enum PrecompiledCharsmap {
  /// The rules that come with SentencePiece are 0.3 MB at most.
  static let maximumBytes = 4 << 20
  /// A bound on what a hostile file can make of a short text; NFKC needs 33 bytes at most.
  static let maximumReplacementBytes = 255
  /// The library collects the rules that match at one place into an array of 32 and does not look
  /// whether more matched.
  static let maximumMatches = 32

  /// Checks that no text can lead the library, which follows the trie without any check, out of
  /// the array, around in circles, to more matches than it has room for, or to a replacement that
  /// is not there.
  static func validate(_ bytes: [UInt8], file: String, field: String) throws(FormatError) {
    func fault(_ problem: String) -> FormatError {
      FormatError(problem, file: file, field: field)
    }
    guard bytes.count <= maximumBytes else {
      throw fault("too large (got \(bytes.count) bytes; need at most \(maximumBytes))")
    }
    guard bytes.count > 4 else { throw fault("cut short") }
    let trieBytes = Int(littleEndian(bytes, at: 0))
    // Blocks of 256 units, so that p ⊕ offset decides alone whether all children are inside.
    guard trieBytes > 0, trieBytes % 1024 == 0, trieBytes < bytes.count - 4 else {
      throw fault("the trie has \(trieBytes) of \(bytes.count) bytes (need whole blocks of 1024)")
    }
    let replacements = bytes[(4 + trieBytes)...]
    guard replacements.last == 0 else { throw fault("the last replacement has no end") }
    guard String(validating: replacements, as: UTF8.self) != nil else {
      throw fault("the replacements are not UTF-8")
    }
    guard
      replacements.split(separator: 0, omittingEmptySubsequences: true)
        .allSatisfy({ $0.count <= maximumReplacementBytes })
    else { throw fault("a replacement is longer than \(maximumReplacementBytes) bytes") }

    let trie = DoubleArray(
      units: (0..<trieBytes / 4).map { littleEndian(bytes, at: 4 + 4 * $0) },
      replacements: Array(replacements))
    if let problem = trie.problem() { throw fault(problem) }
  }

  private static func littleEndian(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }
}

private struct DoubleArray {
  let units: [UInt32]
  let replacements: [UInt8]

  /// What is wrong with the part of the array that some text can reach, or nil.
  ///
  /// Depth first without recursion: a unit is `open` while its children are being visited, so an
  /// open child closes a circle. `matches` is the most rules that can still match below a unit.
  func problem() -> String? {
    enum State { case new, open, done }
    var states = [State](repeating: .new, count: units.count)
    var matches = [Int](repeating: 0, count: units.count)
    var path: [(unit: Int, base: Int, nextByte: Int, own: Int)] = []

    // What entering a unit finds: the base of its children and whether a rule ends here.
    func enter(_ unit: Int) -> String? {
      let base = unit ^ offset(of: unit)
      guard base < units.count else { return "the trie leads out of its array" }
      var own = 0
      if unit != 0, units[unit] >> 8 & 1 == 1 {
        let value = Int(units[base] & 0x7FFF_FFFF)
        // Not within a character either, or the normalized text would not be UTF-8.
        guard value < replacements.count, replacements[value] & 0xC0 != 0x80 else {
          return "a rule of the trie has no replacement"
        }
        own = 1
      }
      states[unit] = .open
      path.append((unit, base, 0, own))
      return nil
    }

    if let problem = enter(0) { return problem }
    while let (unit, base, byte, own) = path.last {
      guard byte < 256 else {
        path.removeLast()
        states[unit] = .done
        matches[unit] += own
        guard matches[unit] <= PrecompiledCharsmap.maximumMatches else {
          return "more than \(PrecompiledCharsmap.maximumMatches) rules match at one place"
        }
        if let parent = path.last {
          matches[parent.unit] = max(matches[parent.unit], matches[unit])
        }
        continue
      }
      path[path.count - 1].nextByte += 1
      let child = base ^ byte
      // A leaf unit has its top bit set, so that it is nobody's child.
      guard units[child] & 0x8000_00FF == UInt32(byte) else { continue }
      switch states[child] {
      case .new: if let problem = enter(child) { return problem }
      case .open: return "the trie leads around in a circle"
      case .done: matches[unit] = max(matches[unit], matches[child])
      }
    }
    return nil
  }

  private func offset(of unit: Int) -> Int {
    Int(units[unit] >> 10) << Int((units[unit] & 1 << 9) >> 6)
  }
}

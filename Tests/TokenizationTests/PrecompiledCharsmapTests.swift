import Formats
import Testing
import Tokenization

@Suite struct PrecompiledCharsmapTests {
  /// A double array of one block.
  ///
  /// The root's base is 1, as in every real one, so that the rule for "a" (0x61) is unit 0x60,
  /// whose own base is chosen freely.
  private struct Trie {
    var units = [UInt32](repeating: 0, count: 256)
    var replacements = Array("b\0\u{E9}\0".utf8)

    init() {
      units[0] = 1 << 10
      // With its own index for a label, an unused unit is nobody's child.
      for unit in 1..<256 { units[unit] = UInt32(unit) }
    }

    /// A unit with a label, whose children start at `base`.
    mutating func set(_ unit: Int, label: Character, base: Int, endsRule: Bool) {
      units[unit] =
        UInt32(label.asciiValue ?? 0) | (endsRule ? 1 << 8 : 0) | UInt32(unit ^ base) << 10
    }

    mutating func setLeaf(_ unit: Int, value: UInt32) { units[unit] = 1 << 31 | value }

    var bytes: [UInt8] {
      ([UInt32(4 * units.count)] + units).flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
      } + replacements
    }
  }

  private func replacingA(by value: UInt32) -> Trie {
    var trie = Trie()
    trie.set(0x60, label: "a", base: 0x80, endsRule: true)
    trie.setLeaf(0x80, value: value)
    return trie
  }

  private func load(_ charsmap: [UInt8]) throws -> SentencePieceTokenizer {
    var model = Samples.model(
      .bpe, [.init("a"), .init("b"), .init("x"), .init("\u{E9}")])
    model.normalizer.charsmap = charsmap
    return try Samples.tokenizer(model)
  }

  private func problem(_ charsmap: [UInt8]) -> String? {
    do {
      _ = try load(charsmap)
      return nil
    } catch {
      let prefix = "test.model: normalizer_spec.precompiled_charsmap: "
      return "\(error)".hasPrefix(prefix) ? String("\(error)".dropFirst(prefix.count)) : "\(error)"
    }
  }

  @Test func aRuleReplaces() throws {
    #expect(try load(replacingA(by: 0).bytes).pieces(of: "xaa") == ["x", "b", "b"])
    #expect(try load(replacingA(by: 2).bytes).pieces(of: "xa") == ["x", "\u{E9}"])
    #expect(try load(replacingA(by: 1).bytes).pieces(of: "xa") == ["x"])  // by nothing
  }

  @Test func aReplacementThatIsNotThereIsRefused() {
    for value: UInt32 in [5, 6, 1 << 30] {
      #expect(problem(replacingA(by: value).bytes) == "a rule of the trie has no replacement")
    }
    // Within the two bytes of "é".
    #expect(problem(replacingA(by: 3).bytes) == "a rule of the trie has no replacement")
  }

  @Test func aTrieThatLeavesItsArrayIsRefused() {
    var trie = Trie()
    trie.set(0x60, label: "a", base: 0x100, endsRule: false)
    #expect(problem(trie.bytes) == "the trie leads out of its array")
    trie = Trie()
    trie.units[0] = 1 << 9 | 1 << 10  // The root's base, with the long form of an offset: 256.
    #expect(problem(trie.bytes) == "the trie leads out of its array")
  }

  @Test func aTrieThatLeadsAroundInACircleIsRefused() {
    var trie = Trie()
    trie.set(0x60, label: "a", base: 1, endsRule: false)
    #expect(problem(trie.bytes) == "the trie leads around in a circle")
  }

  @Test func moreMatchesThanTheLibraryHasRoomForAreRefused() {
    // "a", "aa", "aaa", …: a chain in which every unit ends a rule.
    func chain(_ length: Int) -> Trie {
      let bases = Array(0x80..<0xA0) + [0x10]
      var trie = Trie()
      var unit = 0x60
      for base in bases.prefix(length) {
        trie.set(unit, label: "a", base: base, endsRule: true)
        trie.setLeaf(base, value: 0)
        unit = base ^ 0x61
      }
      return trie
    }
    #expect(problem(chain(32).bytes) == nil)
    #expect(problem(chain(33).bytes) == "more than 32 rules match at one place")
  }

  @Test func badFramesAreRefused() {
    let trie = replacingA(by: 0)
    #expect(problem([1]) == "cut short")
    #expect(problem([0, 0, 0, 0, 0])?.hasPrefix("the trie has 0 of 5 bytes") == true)
    var short = trie
    short.units.removeLast()
    #expect(problem(short.bytes)?.hasPrefix("the trie has 1020 of") == true)
    var empty = trie
    empty.replacements = []
    #expect(problem(empty.bytes)?.hasPrefix("the trie has 1024 of 1028 bytes") == true)
    var open = trie
    open.replacements = Array("b".utf8)
    #expect(problem(open.bytes) == "the last replacement has no end")
    var long = trie
    long.replacements = [UInt8](repeating: 0x62, count: 256) + [0]
    #expect(problem(long.bytes) == "a replacement is longer than 255 bytes")
    var invalid = trie
    invalid.replacements = [0xC3, 0]
    #expect(problem(invalid.bytes) == "the replacements are not UTF-8")
    #expect(
      problem([UInt8](repeating: 0, count: 4 << 20 + 1))?.hasPrefix("too large") == true)
  }

  @Test(arguments: SentencePieceTokenizer.Normalization.allCases)
  func theRulesOfTheLibraryAreAccepted(normalization: SentencePieceTokenizer.Normalization) throws {
    var options = Samples.options
    options.normalization = normalization
    let tokenizer = try Samples.trained(options)
    let expected =
      switch normalization {
      case .identity: "\u{FB01}X\u{FF11}"
      case .nfkc, .nmtNFKC: "fiX1"
      case .nfkcCaseFolding, .nmtNFKCCaseFolding: "fix1"
      }
    #expect(try tokenizer.decode(tokenizer.encode("\u{FB01}X\u{FF11}")) == expected)
  }

  @Test func damagedRulesGiveAnErrorOrAWorkingTokenizer() throws {
    var options = Samples.options
    options.normalization = .nfkc
    let original = try SentencePieceModel(parsing: Samples.trained(options).modelBytes, file: "m")
    var generator = SplitMix64(state: 11)
    var texts: [String] = []
    for _ in 0..<20 { texts.append(Samples.randomText(using: &generator)) }
    var loaded = 0
    for _ in 0..<80 {
      var model = original
      let position = Int.random(in: 0..<model.normalizer.charsmap.count, using: &generator)
      model.normalizer.charsmap[position] ^= UInt8.random(in: 1...255, using: &generator)
      guard let tokenizer = try? Samples.tokenizer(model) else { continue }
      loaded += 1
      for text in texts { _ = try tokenizer.decode(tokenizer.encode(text)) }
    }
    #expect(0 < loaded && loaded < 80)
  }
}

import Recipes
import Testing

@Suite struct YAMLReadingTests {
  private func message(_ text: String) -> String? {
    do {
      _ = try Recipe(yaml: text, file: "/r.yaml")
      return nil
    } catch { return error.description }
  }

  @Test(arguments: [
    ("", "/r.yaml:1: is empty (need a map of keys)"),
    ("- a\n", "/r.yaml:1: is not a map (got a list; need a map of keys)"),
    ("words\n", "/r.yaml:1: is not a map (got words; need a map of keys)"),
    ("seed: &a 1\noutput: *a\n", "/r.yaml:1: anchors and aliases are not supported"),
    ("seed: 1\ndata: &d\n  x: 1\n", "/r.yaml:2: anchors and aliases are not supported"),
    ("seed: !!int 1\n", "/r.yaml:1: tags are not supported (got tag:yaml.org,2002:int)"),
    ("seed: 1\n[a, b]: 1\n", "/r.yaml:2: a key must be a word (got a list)"),
    (
      "---\nseed: 1\n---\nseed: 2\n",
      "/r.yaml:3: is not valid YAML: but found another document "
        + "expected a single document in the stream"
    ),
  ])
  func refusesWhatIsNoRecipeAtAll(_ text: String, _ expected: String) {
    #expect(message(text) == expected)
  }

  @Test(arguments: ["seed: [1\n", "seed: 1\n\toutput: x\n", "a: b: c\n", "seed: \"x\n", "\u{1}"])
  func explainsWhatIsNoYAML(_ text: String) throws {
    let error = try #require(message(text))
    #expect(error.contains(/^\/r\.yaml:[0-9]+: is not valid YAML: .+$/))
  }

  @Test func lineEndsAndAByteOrderMarkMakeNoDifference() throws {
    let text = "\u{FEFF}" + SampleRecipe.text.replacing("\n", with: "\r\n")
    #expect(try Recipe(yaml: text, file: "/home/r/sample.yaml") == SampleRecipe.recipe())
    #expect(
      message(text.replacing("seed", with: "sed").replacing("k: [1, 4]", with: "k: [x, 4]"))
        == "/r.yaml:26: evaluation.k.0: is not a whole number (got x; need a whole number from 1 "
        + "to 65536)")
  }

  @Test func endlessNestingIsRefused() throws {
    let error = try #require(message(String(repeating: "[", count: 1 << 20)))
    #expect(error.hasPrefix("/r.yaml:1: is not valid YAML: Maximum nesting level reached"))
  }

  @Test func aFileThatMultipliesItselfIsRefusedBeforeItIsBuilt() throws {
    // Each level is ten times the one before; as a key, the parser compares all of it.
    var text = "a0: &a0 x\n"
    for level in 1...12 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    text += "? *a12\n: 1\n"
    #expect(message(text) == "/r.yaml:5: too many aliases (need none)")
  }

  @Test func aDamagedRecipeIsReadOrExplainedInOneLine() {
    let original = Array(SampleRecipe.text.unicodeScalars)
    let insertions = Array("0-9:{}[]#&*!|>'\"%\n\t \0~.e\u{FEFF}\u{2028}".unicodeScalars)
    var state: UInt64 = 1
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    for _ in 0..<1000 {
      var scalars = original
      for _ in 0...random(below: 3) {
        let position = random(below: scalars.count)
        switch random(below: 3) {
        case 0: scalars.removeSubrange(position..<min(scalars.count, position + random(below: 20)))
        case 1: scalars.insert(insertions[random(below: insertions.count)], at: position)
        default: scalars[position] = insertions[random(below: insertions.count)]
        }
      }
      let text = String(String.UnicodeScalarView(scalars))
      if let message = message(text) {
        #expect(message.hasPrefix("/r.yaml:") && !message.contains(where: \.isNewline), "\(text)")
      }
    }
  }

  @Test func keysThatDifferByTheirQuotesOnlyAreTheSame() throws {
    #expect(message("seed: 1\n\"seed\": 2\n") == "/r.yaml:1: seed: is set twice")
  }
}

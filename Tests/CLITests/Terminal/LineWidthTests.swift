import Formats
import Foundation
import Testing

/// Nothing that is printed on a terminal is wider than it, but for what is copied: a command, a path.
@Suite struct LineWidthTests {
  /// Each state of every line, without the codes that style it and draw over it.
  private func lines(_ text: String) -> [String] {
    text.replacing(#/\u{1B}\[[0-9;]*[A-Za-z]/#, with: "").split { $0 == "\n" || $0 == "\r\n" }
      .flatMap { $0.split(separator: "\r") }.map(String.init)
  }

  /// Columns of a terminal: two for letters of East Asia and for pictures.
  private func columns(_ line: String) -> Int {
    line.reduce(0) { sum, character in
      let scalar = character.unicodeScalars.first?.value ?? 0
      return sum + (scalar >= 0x1F300 || (0x2E80..<0xFE00).contains(scalar) ? 2 : 1)
    }
  }

  private func expectFits(_ text: String, _ width: Int, _ command: String) throws {
    let program = try GrpoProgram.path()
    for line in lines(text) where columns(line) > width {
      let isCommand = line.contains(program + " ")
      // A word that is longer than a line, with a label or none.
      let isWord = line.split(separator: " ").count <= 2
      #expect(isCommand || isWord, "\(command), \(width) columns: \(line)")
    }
  }

  @Test(arguments: [80, 50, 30])
  func everyLineFitsTheTerminal(width: Int) async throws {
    let folder = try Workspace()
    for arguments in [
      ["run", "recipe.yaml"],
      [
        "evaluate", "--model", "run/model", "--baseline", "run/warm-start/model", "--recipe",
        "recipe.yaml",
      ],
      ["reward", "test", "recipe.yaml"], ["reward", "list"], ["algorithms"],
      ["algorithms", "dapo"], ["explain", "recipe.yaml", "-q"],
      ["recipe", "check", "recipe.yaml"], ["recipe", "keys"], ["recipe", "keys", "train.beta"],
      [
        "compare", "recipe.yaml", "--vary", "train.beta=0,0.5,0.25", "--seeds", "1,2", "--metric",
        "kl", "--metric", "entropy", "--output", "out",
      ],
    ] {
      let text = try await PseudoTerminal.output(
        of: arguments, in: folder, columns: UInt16(width))
      try expectFits(text, width, arguments.joined(separator: " "))
    }
  }

  /// Beside narrow columns a reason would be a word a line.
  @Test func aReasonOfManyFailuresStandsBelowTheTableOnce() async throws {
    let folder = try Workspace()
    try folder.write(
      "odd.py", "def odd(completions, **kwargs):\n    raise ValueError('unscored')\n")
    let text = try await PseudoTerminal.output(
      of: ["reward", "test", "--python", "odd.py:odd", "--data", "test.jsonl", "--limit", "2"],
      in: folder, columns: 56, environment: ["TERM": "xterm", "NO_COLOR": "1"], status: 69)
    let shown = lines(text)
    #expect(shown.contains("failed  ValueError: unscored"))
    #expect(shown.contains { $0.contains(#/^answer +failed +"\d+"$/#) })
    #expect(shown.count { $0.contains("unscored") } == 3)
  }

  @Test func theUsageOfACommandIsBrokenBetweenItsOptions() async throws {
    let folder = try Workspace()
    for width in [80, 50] {
      let text = try await PseudoTerminal.output(
        of: ["compare", "--help"], in: folder, columns: UInt16(width))
      try expectFits(text, width, "compare --help")
      #expect(text.contains("\r\n       ["))
    }
    let piped = try await GrpoProgram.run("compare", "--help", in: folder)
    #expect(piped.outputLines.contains { $0.hasPrefix("USAGE: ") && $0.hasSuffix(" [--json]") })
  }

  /// Of a terminal and `COLUMNS` the narrower one counts.
  @Test func columnsNarrowATerminal() async throws {
    let folder = try Workspace()
    func widest(_ columns: UInt16, _ named: String) async throws -> Int {
      let text = try await PseudoTerminal.output(
        of: ["algorithms"], in: folder, columns: columns,
        environment: ["TERM": "dumb", "COLUMNS": named])
      return lines(text).map(\.count).max() ?? 0
    }
    #expect(try await (40...50).contains(widest(100, "50")))
    #expect(try await (40...50).contains(widest(50, "100")))
    #expect(try await (90...100).contains(widest(100, "none")))
    let piped = try await GrpoProgram.run("algorithms", in: folder, environment: ["COLUMNS": "50"])
    #expect(piped.outputLines.contains { $0.count > 100 })
  }

  /// A narrow terminal gets the gain below the accuracies, with the names of the rows again.
  @Test func columnsThatDoNotFitGoBelow() async throws {
    let folder = try Workspace()
    let nowhere = try #require(FileHandle(forWritingAtPath: "/dev/null"))
    _ = try await PseudoTerminal.output(
      of: ["run", "recipe.yaml", "-q"], in: folder, columns: 50, standardOutput: nowhere)
    let text = try await PseudoTerminal.output(
      of: ["run", "recipe.yaml", "-q"], in: folder, columns: 50,
      environment: ["TERM": "xterm", "NO_COLOR": "1"])
    let shown = lines(text)
    let first = try #require(shown.firstIndex(of: "36 held-out questions, by regex"))
    #expect(shown[first + 1].contains(#/^ {22,}before, %  +after, %$/#))
    #expect(shown[first + 2].contains(#/^greedy accuracy +[0-9.]+ ± [0-9.]+ +[0-9.]+ ± [0-9.]+$/#))
    let gain = try #require(shown.firstIndex { $0.contains(#/^ {22,}gain$/#) })
    #expect(gain > first + 2)
    #expect(shown[gain + 1].contains(#/^greedy accuracy +[+-][0-9.]+( \(95 %: .*\))?$/#))
  }

  @Test func sentencesAreBrokenAtWordsBesideWhatTheySay() async throws {
    let folder = try Workspace()
    func shown(_ columns: UInt16) async throws -> [String] {
      lines(
        try await PseudoTerminal.output(
          of: ["reward", "list", "length_band"], in: folder, columns: columns,
          environment: ["TERM": "xterm", "NO_COLOR": "1"]))
    }
    #expect(
      try await shown(80).prefix(4) == [
        "length_band: 1 where the completion's length is in a band, falling to 0 outside",
        "  unit   one of tokens, words, characters (tokens)  what is counted",
        "  min    0.0 to 1000000000.0 (0.0)                  the least length that scores",
        "                                                    1",
      ])
    #expect(
      try await shown(50).prefix(6) == [
        "length_band: 1 where the completion's length is in",
        "  a band, falling to 0 outside",
        "  unit   one of tokens, words, characters (tokens)",
        "         what is counted",
        "  min    0.0 to 1000000000.0 (0.0)",
        "         the least length that scores 1",
      ])
  }
}

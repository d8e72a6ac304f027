import Foundation
import Testing

@Suite struct TrainingDisplayTests {
  /// What a terminal of so many columns receives on standard error.
  private func shown(columns: UInt16, environment: [String: String]) async throws -> String {
    let folder = try Workspace()
    let nowhere = try #require(FileHandle(forWritingAtPath: "/dev/null"))
    return try await PseudoTerminal.output(
      of: ["run", "recipe.yaml"], in: folder, columns: columns, environment: environment,
      standardOutput: nowhere)
  }

  @Test func theBarIsDrawnOverAndFitsTheTerminal() async throws {
    for columns: UInt16 in [40, 100] {
      let text = try await shown(columns: columns, environment: ["TERM": "xterm"])
      let frames = text.split(separator: "\r").filter { $0.contains("\u{1B}[K") && $0.count > 3 }
      let last = try #require(frames.last { $0.hasPrefix("train  8/8  100% ▕██████") })
      #expect(last.contains(" tok/s ") == (columns == 100))
      #expect(last.contains("  0:00 left"))
      #expect(frames.allSatisfy { $0.prefix { $0 != "\u{1B}" }.count < Int(columns) })
      #expect(text.contains("\u{1B}[1;32m"))
      #expect(text.contains("saved\u{1B}[0m  step 8 in run/checkpoints"))
    }
  }

  @Test func ofAWarmStartThatMayEndEarlyTheMostIsShown() async throws {
    let folder = try Workspace()
    let whole = try await GrpoProgram.run(
      "sft", "recipe.yaml", "--output", "whole", in: folder)
    #expect(whole.errors.contains(#/  \d,\d{3} parameters, 10 steps of 16 examples\n/#))
    #expect(!whole.errors.contains(#/at most [\d:]+ left/#))
    let early = try await GrpoProgram.run(
      "sft", "recipe.yaml", "--set", "warm_start.steps=1021", "--set",
      "warm_start.until_accuracy=0.01", in: folder)
    #expect(early.status == 0, "\(early.errors)")
    #expect(
      early.errors.contains(#/  \d,\d{3} parameters, at most 1,021 steps of 16 examples\n/#),
      "\(early.errors)")
    #expect(early.errors.contains(#/\nwarm start +1\/1021 .*  at most [\d:]+ left\n/#))
    #expect(
      early.errors.contains(#/ steps, loss [\d.]+, accuracy [\d.]+ % of 64 training questions\n/#))
  }

  @Test(arguments: [["TERM": "dumb"], ["TERM": "xterm", "CI": "1"]])
  func aDumbTerminalGetsPlainLines(environment: [String: String]) async throws {
    let text = try await shown(columns: 80, environment: environment)
    #expect(text.contains(#/train  8\/8  100% .* mean: reward /#))
    #expect(!text.contains("\u{1B}[K"))
  }

  @Test func theNumbersOfACompletionStayInOneLine() async throws {
    let text = try await shown(columns: 40, environment: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(text.contains(#/\r\n {12}reward [0-9.-]+  advantage [0-9.-]+\r\n/#))
  }

  @Test func noColorIsRespected() async throws {
    let text = try await shown(columns: 80, environment: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(text.contains("\u{1B}[K"))
    #expect(!text.contains("\u{1B}[1;32m"))
    let folder = try Workspace()
    let forced = try await GrpoProgram.run(
      "run", "recipe.yaml", in: folder, environment: ["FORCE_COLOR": "1", "NO_COLOR": "1"])
    #expect(forced.errors.contains("\u{1B}[1;32m"))
  }
}

import Formats
import Foundation
import Recipes
import Runs
import TestSupport
import Testing
import Training

/// What a run that goes on makes of logs that are short, damaged or gone.
@Suite(.inTurn) struct StepLogsTests {
  private let run: ResumedRun

  init() throws { run = try ResumedRun() }

  @Test func aMissingLogKeepsNobodyFromGoingOn() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 4)
    try run.remove("completions.jsonl")
    let warnings = try await recipe.run()
    #expect(
      warnings == [
        "\(recipe.output)/completions.jsonl: has no line of step 4 or earlier; the run continues"
      ])
    #expect(run.steps("metrics.jsonl") == Array(1...9))
    #expect(Set(run.steps("completions.jsonl")) == Set(5...9))
  }

  @Test func aShortLogKeepsTheLinesThatItHas() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 5)
    try run.edit("metrics.jsonl") { $0.removeLast(9) }
    let completions = try run.bytes("completions.jsonl")
    let warnings = try await recipe.run()
    #expect(
      warnings == [
        "\(recipe.output)/metrics.jsonl: is missing the lines from step 5 to step 5; the run continues"
      ])
    #expect(run.steps("metrics.jsonl") == [1, 2, 3, 4, 6, 7, 8, 9])
    #expect(try run.bytes("completions.jsonl").starts(with: completions))
  }

  @Test func aDamagedLineCostsNoRunItsSummary() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 4)
    try run.edit("metrics.jsonl") { $0[3] = 0 }
    for warnings in [try await recipe.run(), try await recipe.run()] {
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasPrefix("\(recipe.output)/metrics.jsonl:1: ") == true)
    }
    #expect(run.steps("metrics.jsonl") == Array(2...9))
    try run.remove("metrics.jsonl")
    #expect(
      try await recipe.run() == [
        "\(recipe.output)/metrics.jsonl: no such file; the summary is made without it"
      ])
  }

  @Test func aDamagedLineOfTheCompletionsIsTold() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 4)
    try run.edit("completions.jsonl") { $0[3] = 0 }
    for end in ["the run continues", "ignored, because training has finished"] {
      let warnings = try await recipe.run()
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasPrefix("\(recipe.output)/completions.jsonl:1: ") == true)
      #expect(warnings.first?.hasSuffix("; " + end) == true)
    }
  }

  @Test func withoutACheckpointTheLogsAreSetAside() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 5)
    let logs = ["metrics.jsonl", "completions.jsonl"]
    let before = try logs.map { try run.bytes($0) }
    try run.remove("checkpoints")
    let warnings = try await recipe.run()
    #expect(warnings.count == 1)
    #expect(try logs.map { try run.bytes($0 + ".1") } == before)
    #expect(try run.bytes("completions.jsonl").starts(with: before[1]))
    #expect(run.steps("metrics.jsonl") == Array(1...9))
  }
}

import Formats
import Foundation
import Recipes
import Runs
import TestSupport
import Testing
import Training

/// Which checkpoint a run goes on from, and what it takes from it.
@Suite(.inTurn) struct TrainingStateTests {
  private let run: ResumedRun

  init() throws { run = try ResumedRun() }

  @Test func aFinishedRunGoesOnFromTheCheckpointBeforeADamagedOne() async throws {
    defer { run.small.remove() }
    try await run.recipe().run()
    let names = ["completions.jsonl", "model/model.safetensors"]
    let whole = try names.map { try run.bytes($0) }
    for isGone in [false, true] {
      try run.remove("")
      try await run.recipe("train.steps=6").run()
      let (last, before) = ("checkpoints/step-000006", "after step 4")
      if isGone {
        try run.remove(last)
      } else {
        try run.edit(last + "/model.safetensors") { $0.append(0) }
      }
      let warnings = try await run.recipe().run()
      #expect(warnings.count == 1)
      #expect(warnings.first?.contains(isGone ? before : "step-000006/model.safetensors") == true)
      #expect(try names.map { try run.bytes($0) } == whole)
    }
  }

  /// Changes what the checkpoint of step 4 has of the coefficients that adapt, and returns what it had.
  @discardableResult private func setAdaptive(
    _ change: (JSON) throws -> JSON
  ) throws -> JSON {
    let manifest = "checkpoints/step-000004/MANIFEST.json"
    var object = try #require(JSON(parsing: run.bytes(manifest), file: manifest).object)
    var state = try #require(object["state"]?.object)
    let adaptive = try #require(state["adaptive"])
    state["adaptive"] = try change(adaptive)
    object["state"] = .object(state)
    try run.edit(manifest) { $0 = JSON.object(object).encodedBytes() }
    return adaptive
  }

  @Test func coefficientsThatAdaptAreKeptByTheirNames() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe("train.kl_controller=adaptive", "train.kl_target=0.01")
    try await recipe.run(stopAfter: 4)
    let kept = try setAdaptive { _ in ["lost"] }
    #expect(kept.object?.count == 1 && kept["kl_coef"]?.double != 0.02)
    let error = await #expect(throws: Checkpoints.Unusable.self) { try await recipe.run() }
    #expect(error.map { "\($0)" }?.contains("got [\"lost\"]; need an object of numbers") == true)
    try setAdaptive { _ in ["entropy_coef": 0.1] }
    let other = await #expect(throws: Checkpoints.Unusable.self) { try await recipe.run() }
    #expect(other.map { "\($0)" }?.contains("got entropy_coef; need kl_coef") == true)
    try setAdaptive { _ in kept }
    try await recipe.run()
    #expect(run.steps("metrics.jsonl") == Array(1...9))
  }

  @Test(arguments: [
    ["train.kl_controller=adaptive", "train.kl_target=0.01"],
    [
      "train.old_kl_coef=0.5", "train.old_kl_controller=adaptive", "train.kl_controller=adaptive",
      "train.kl_target=0.01", "train.old_kl_target=0.02",
    ], [],
  ])
  func theListOfAnEarlierVersionHasThemInTheirOrder(_ settings: [String]) async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe(settings)
    try await recipe.run()
    let whole = try run.bytes("model/model.safetensors")
    try run.remove("")
    try await recipe.run(stopAfter: 4)
    try setAdaptive { coefficients in
      .array(["kl_coef", "kl_old_coef"].compactMap { coefficients[$0] })
    }
    try await recipe.run()
    #expect(try run.bytes("model/model.safetensors") == whole)
  }

  @Test func aCheckpointOfAnotherRunIsNotTaken() async throws {
    defer { run.small.remove() }
    try await run.recipe(
      "seed=4", "train.outer_iterations=2", "output=\(run.small.directory)/other"
    ).run()
    let recipe = try run.recipe("train.outer_iterations=2")
    try await recipe.run(stopAfter: 4)
    let foreign = "\(recipe.output)/checkpoints/step-000006"
    try FileManager.default.copyItem(
      atPath: run.small.directory + "/other/checkpoints/step-000006", toPath: foreign)
    #expect(
      try await recipe.run() == [
        "\(foreign): belongs to another run; trying the checkpoint before it"
      ])
    #expect(run.steps("metrics.jsonl") == Array(1...6))
    let model = try run.bytes("model/model.safetensors")
    #expect(try !model.elementsEqual(run.bytes("../other/model/model.safetensors")))
    // The run's manifest may be lost: its checkpoints know which it is.
    try run.remove("MANIFEST.json", "model")
    try await recipe.run()
    #expect(try run.bytes("model/model.safetensors") == model)
    try run.remove("checkpoints")
    try FileManager.default.copyItem(
      atPath: run.small.directory + "/other/checkpoints", toPath: recipe.output + "/checkpoints")
    try run.remove("model")
    await #expect(throws: Checkpoints.Unusable.self) { try await recipe.run() }
  }

  /// Every number that a checkpoint's manifest holds, one after the other beyond what any run
  /// reaches.
  @Test func aStateOutOfRangeFallsBackToTheCheckpointBefore() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe(
      "reward_model={ labeller: exact_match, questions: 4, steps: 2, batch_size: 4 }")
    try await recipe.run(stopAfter: 5)
    let last = "\(recipe.output)/checkpoints/step-000005"
    let text = String(
      decoding: try run.bytes("checkpoints/step-000005/MANIFEST.json"), as: UTF8.self)
    let state = try #require(text.range(of: "\"state\""))
    let numbers = text[state.upperBound...].matches(of: /"([a-z_]+)": [0-9]+(?=[,\n])/)
    let keys = numbers.map { String($0.output.1) }
    for key in ["step", "token_count", "metrics_offset", "lessons", "seen", "update_count"] {
      #expect(keys.contains(key))
    }
    for number in numbers {
      let key = String(number.output.1)
      try run.edit("checkpoints/step-000005/MANIFEST.json") {
        $0 = Array(
          text.replacingCharacters(in: number.range, with: "\"\(key)\": 9223372036854775807").utf8)
      }
      // Step 5 is made again and saved.
      let warnings = try await recipe.run(stopAfter: 5)
      #expect(warnings.count == 1 && warnings.first?.hasPrefix(last) == true, "\(key): \(warnings)")
      #expect(run.steps("metrics.jsonl") == Array(1...5), "\(key)")
    }
  }

  @Test func stepsThatDisagreeFallBackToTheCheckpointBefore() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 5)
    // The directory and the manifest say 6, the state 5.
    let folder = recipe.output + "/checkpoints/step-00000"
    try FileManager.default.moveItem(atPath: folder + "5", toPath: folder + "6")
    try run.edit("checkpoints/step-000006/MANIFEST.json") { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      bytes = Array(text.replacing("\"step\": 5", with: "\"step\": 6", maxReplacements: 1).utf8)
    }
    #expect(
      try await recipe.run() == [
        "\(folder)6: state.step: does not fit the directory (got 5; need 6); trying the "
          + "checkpoint before it"
      ])
    #expect(run.steps("metrics.jsonl") == Array(1...9))
  }

  @Test func whenNoCheckpointIsUsableNothingIsCut() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 5)
    let before = try run.bytes("metrics.jsonl")
    for step in [4, 5] {
      try run.edit("checkpoints/step-00000\(step)/MANIFEST.json") { $0 = Array("{}".utf8) }
    }
    let error = try await #require(throws: Checkpoints.Unusable.self) { try await recipe.run() }
    #expect(error.problems.count == 2)
    #expect(try run.bytes("metrics.jsonl") == before)
    // As the help says.
    try FileManager.default.moveItem(
      atPath: recipe.output + "/checkpoints", toPath: run.small.directory + "/elsewhere")
    try await recipe.run()
    #expect(run.steps("metrics.jsonl") == Array(1...9))
    #expect(try run.bytes("metrics.jsonl.1") == before)
  }
}

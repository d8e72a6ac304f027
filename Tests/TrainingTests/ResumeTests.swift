import Formats
import Foundation
import Recipes
import Runs
import Synchronization
import TestSupport
import Testing
import Training

/// What a run goes on from, and what it goes on without.
@Suite(.inTurn) struct ResumeTests {
  private let small: SmallRecipe

  init() throws { small = try SmallRecipe() }

  /// Nine steps with checkpoints after 4, 8 and 9, of which the last two are kept.
  private func recipe(_ settings: String...) throws -> Recipe {
    try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/run")]
        + (["warm_start=null", "evaluation=null"] + settings).compactMap {
          RecipeOverride(assignment: $0)
        })
  }

  /// Makes the run, or what is missing of it, and returns what it warned of.
  @discardableResult private func run(
    _ recipe: Recipe, stopAfter last: Int = .max
  ) async throws -> [String] {
    let seen = Mutex((step: 0, warnings: [String]()))
    let run = try TrainingRun(
      recipe, threads: 2,
      report: { event in
        switch event {
        case .step(let step, _, _): seen.withLock { $0.step = step }
        case .warning(let text): seen.withLock { $0.warnings.append(text) }
        default: break
        }
      }, isCancelled: { seen.withLock { $0.step } >= last })
    do {
      _ = try await run.runAll()
    } catch TrainingError.stopped where last < .max {}
    return seen.withLock { $0.warnings }
  }

  private func steps(_ log: String) -> [Int] {
    LogReading(path: small.directory + "/run/" + log).lines.compactMap { $0["step"]?.int }
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    try Files.read(small.directory + "/run/" + name, maximumBytes: 1 << 26)
  }

  private func edit(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try bytes(name)
    change(&bytes)
    try Files.writeAtomically(bytes, to: small.directory + "/run/" + name)
  }

  private func remove(_ names: String...) throws {
    for name in names {
      try FileManager.default.removeItem(atPath: small.directory + "/run/" + name)
    }
  }

  @Test func aMissingLogKeepsNobodyFromGoingOn() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 4)
    try remove("completions.jsonl")
    let warnings = try await run(recipe)
    #expect(
      warnings == [
        "\(recipe.output)/completions.jsonl: has no line of a step up to 4; the run goes on"
      ])
    #expect(steps("metrics.jsonl") == Array(1...9))
    #expect(Set(steps("completions.jsonl")) == Set(5...9))
  }

  /// Found before the first step: a model that cannot be written would be lost after the last one.
  @Test func whatStandsWhereTheModelGoesIsSetAside() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 4)
    try Files.createDirectory(recipe.output + "/model")
    try small.write("run/model/notes.md", "mine")
    try remove("metrics.jsonl")
    try Files.createDirectory(recipe.output + "/metrics.jsonl")
    let warnings = try await run(recipe, stopAfter: 4)
    for name in ["metrics.jsonl", "model"] {
      let path = "\(recipe.output)/\(name)"
      #expect(
        warnings.contains(
          "\(path): stands where the run is to write; it is called \(path).1 now"))
    }
    try await run(recipe)
    #expect(Files.exists(recipe.output + "/model/config.json"))
    #expect(try bytes("model.1/notes.md") == Array("mine".utf8))
    #expect(steps("metrics.jsonl") == Array(5...9))
  }

  @Test func aFinishedRunGoesOnFromTheCheckpointBeforeADamagedOne() async throws {
    defer { small.remove() }
    try await run(recipe())
    let names = ["completions.jsonl", "model/model.safetensors"]
    let whole = try names.map { try bytes($0) }
    for isGone in [false, true] {
      try remove("")
      try await run(recipe("train.steps=6"))
      let (last, before) = ("checkpoints/step-000006", "after step 4")
      if isGone {
        try remove(last)
      } else {
        try edit(last + "/model.safetensors") { $0.append(0) }
      }
      let warnings = try await run(recipe())
      #expect(warnings.count == 1)
      #expect(warnings.first?.contains(isGone ? before : "step-000006/model.safetensors") == true)
      #expect(try names.map { try bytes($0) } == whole)
    }
  }

  /// Changes what the checkpoint of step 4 has of the coefficients that adapt, and returns what it had.
  @discardableResult private func setAdaptive(
    _ change: (JSON) throws -> JSON
  ) throws -> JSON {
    let manifest = "checkpoints/step-000004/MANIFEST.json"
    var object = try #require(JSON(parsing: bytes(manifest), file: manifest).object)
    var state = try #require(object["state"]?.object)
    let adaptive = try #require(state["adaptive"])
    state["adaptive"] = try change(adaptive)
    object["state"] = .object(state)
    try edit(manifest) { $0 = JSON.object(object).encodedBytes() }
    return adaptive
  }

  @Test func coefficientsThatAdaptAreKeptByTheirNames() async throws {
    defer { small.remove() }
    let recipe = try recipe("train.kl_controller=adaptive", "train.kl_target=0.01")
    try await run(recipe, stopAfter: 4)
    let list = try setAdaptive { .array([try #require($0["kl_coef"])]) }
    #expect(list.object?.count == 1 && list["kl_coef"]?.double != 0.02)
    let error = await #expect(throws: Checkpoints.Unusable.self) { try await run(recipe) }
    #expect(
      error.map { "\($0)" }?.contains("which a list is that an earlier version wrote") == true)
    try setAdaptive { _ in ["entropy_coef": 0.1] }
    let other = await #expect(throws: Checkpoints.Unusable.self) { try await run(recipe) }
    #expect(other.map { "\($0)" }?.contains("got entropy_coef; need kl_coef") == true)
    try setAdaptive { _ in list }
    try await run(recipe)
    #expect(steps("metrics.jsonl") == Array(1...9))
  }

  @Test func anEmptyListOfAnEarlierVersionIsNoCoefficient() async throws {
    defer { small.remove() }
    try await run(recipe(), stopAfter: 4)
    #expect(try setAdaptive { _ in [] } == [:])
    try await run(recipe())
    #expect(steps("metrics.jsonl") == Array(1...9))
  }

  @Test func aShortLogKeepsTheLinesThatItHas() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 5)
    try edit("metrics.jsonl") { $0.removeLast(9) }
    let completions = try bytes("completions.jsonl")
    let warnings = try await run(recipe)
    #expect(
      warnings == [
        "\(recipe.output)/metrics.jsonl: lacks the lines from step 5 to step 5; the run goes on"
      ])
    #expect(steps("metrics.jsonl") == [1, 2, 3, 4, 6, 7, 8, 9])
    #expect(try bytes("completions.jsonl").starts(with: completions))
  }

  @Test func aDamagedLineCostsNoRunItsSummary() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 4)
    try edit("metrics.jsonl") { $0[3] = 0 }
    for warnings in [try await run(recipe), try await run(recipe)] {
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasPrefix("\(recipe.output)/metrics.jsonl:1: ") == true)
    }
    #expect(steps("metrics.jsonl") == Array(2...9))
    try remove("metrics.jsonl")
    #expect(
      try await run(recipe) == [
        "\(recipe.output)/metrics.jsonl: no such file; the summary goes without it"
      ])
  }

  @Test func withoutACheckpointTheLogsAreSetAside() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 5)
    let logs = ["metrics.jsonl", "completions.jsonl"]
    let before = try logs.map { try bytes($0) }
    try remove("checkpoints")
    let warnings = try await run(recipe)
    #expect(warnings.count == 1)
    #expect(try logs.map { try bytes($0 + ".1") } == before)
    #expect(try bytes("completions.jsonl").starts(with: before[1]))
    #expect(steps("metrics.jsonl") == Array(1...9))
  }

  @Test func aCheckpointOfAnotherRunIsNotTaken() async throws {
    defer { small.remove() }
    try await run(recipe("seed=4", "train.outer_iterations=2", "output=\(small.directory)/other"))
    let recipe = try recipe("train.outer_iterations=2")
    try await run(recipe, stopAfter: 4)
    let foreign = "\(recipe.output)/checkpoints/step-000006"
    try FileManager.default.copyItem(
      atPath: small.directory + "/other/checkpoints/step-000006", toPath: foreign)
    #expect(
      try await run(recipe) == [
        "\(foreign): is of another run; the checkpoint before it is taken"
      ])
    #expect(steps("metrics.jsonl") == Array(1...6))
    let model = try bytes("model/model.safetensors")
    #expect(try !model.elementsEqual(bytes("../other/model/model.safetensors")))
    // The run's manifest may be lost: its checkpoints know which it is.
    try remove("MANIFEST.json", "model")
    try await run(recipe)
    #expect(try bytes("model/model.safetensors") == model)
    try remove("checkpoints")
    try FileManager.default.copyItem(
      atPath: small.directory + "/other/checkpoints", toPath: recipe.output + "/checkpoints")
    try remove("model")
    await #expect(throws: Checkpoints.Unusable.self) { try await run(recipe) }
  }

  @Test func aRunWhoseDirectoryIsReplacedEndsAndLeavesTheNewOneAlone() async throws {
    defer { small.remove() }
    let recipe = try recipe("train.checkpoint_steps=2")
    let training = try TrainingRun(
      recipe, threads: 1,
      report: { event in
        guard case .saved(2, _) = event else { return }
        try? FileManager.default.removeItem(atPath: recipe.output)
        try? Files.createDirectory(recipe.output)
        try? Files.writeAtomically([], to: recipe.output + "/lock")
      })
    let error = await #expect(throws: FormatError.self) { try await training.runAll() }
    #expect(error?.kind == .replaced && error?.file == recipe.output)
    #expect(try Files.names(in: recipe.output) == ["lock"])
  }

  /// The checkpoint has all that training needs of it.
  @Test(arguments: ["remove", "truncate", "tokenizer"])
  func aDamagedWarmStartKeepsNoRunWithACheckpointFromGoingOn(damage: String) async throws {
    defer { small.remove() }
    let settings = [
      "train.outer_iterations=2", "warm_start={ steps: 5, learning_rate: 1e-3 }",
      "evaluation={ samples: 1, questions: 4 }",
      "data.test=\(small.directory)/data.jsonl",
      "reward_model={ labeller: exact_match, questions: 4, steps: 2, batch_size: 4 }",
    ]
    let recipe = try recipe(settings[0], settings[1], settings[2], settings[3], settings[4])
    try await run(recipe)
    let names = ["completions.jsonl", "model/model.safetensors", "reward-model/model.safetensors"]
    let whole = try names.map { try bytes($0) }
    try remove("")
    try await run(recipe, stopAfter: 5)
    let manifest = try RunManifest(contentsOf: recipe.output + "/MANIFEST.json")
    let name =
      "warm-start/model/" + (damage == "tokenizer" ? "tokenizer.model" : "model.safetensors")
    if damage == "remove" {
      try remove(name)
    } else {
      try edit(name) { $0.removeLast($0.count / 2) }
    }
    for _ in 0..<2 {
      let warnings = try await run(recipe).filter { $0.contains("warm start") }
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasPrefix("\(recipe.output)/\(name): ") == true, "\(warnings)")
      #expect(
        warnings.first?.hasSuffix(
          "the run goes on without its warm start, whose accuracy is then not known") == true)
    }
    #expect(try names.map { try bytes($0) } == whole)
    let now = try RunManifest(contentsOf: recipe.output + "/MANIFEST.json")
    #expect(now.changes.isEmpty)
    for input in manifest.inputs { #expect(now[input.field] == input.digest) }
    // Without any checkpoint it is needed.
    try remove("checkpoints", "model")
    let error = await #expect(throws: TrainingError.self) { try await run(recipe) }
    guard case .damaged(recipe.output + "/warm-start/model", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // As the help says.
    try remove("warm-start/model")
    try await run(recipe)
    #expect(try names.dropFirst().map { try bytes($0) } == Array(whole.dropFirst()))
  }

  @Test func aModelThatCannotBeReadIsNamed() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe)
    let whole = try bytes("model/model.safetensors")
    try remove("model/model.safetensors")
    let error = await #expect(throws: TrainingError.self) { try await run(recipe) }
    guard case .damaged(recipe.output + "/model", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try remove("model")
    try await run(recipe)
    #expect(try bytes("model/model.safetensors") == whole)
  }

  @Test func aLinkToNothingInTheWayIsSetAside() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 5)
    let paths = ["checkpoints/step-000009", "model"].map { "\(recipe.output)/\($0)" }
    for path in paths {
      try FileManager.default.createSymbolicLink(
        atPath: path, withDestinationPath: small.directory + "/nowhere")
    }
    #expect(
      try await run(recipe)
        == paths.map { "\($0): stands where the run is to write; it is called \($0).1 now" })
    #expect(paths.allSatisfy { Files.isDirectory($0) && Files.isTaken($0 + ".1") })
  }

  @Test func aDamagedLineOfTheCompletionsIsTold() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 4)
    try edit("completions.jsonl") { $0[3] = 0 }
    for end in ["the run goes on", "the run needs none of it"] {
      let warnings = try await run(recipe)
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasPrefix("\(recipe.output)/completions.jsonl:1: ") == true)
      #expect(warnings.first?.hasSuffix("; " + end) == true)
    }
  }

  /// Every number that a checkpoint's manifest holds, one after the other beyond what any run
  /// reaches.
  @Test func aStateOutOfRangeFallsBackToTheCheckpointBefore() async throws {
    defer { small.remove() }
    let recipe = try recipe(
      "reward_model={ labeller: exact_match, questions: 4, steps: 2, batch_size: 4 }")
    try await run(recipe, stopAfter: 5)
    let last = "\(recipe.output)/checkpoints/step-000005"
    let text = String(decoding: try bytes("checkpoints/step-000005/MANIFEST.json"), as: UTF8.self)
    let state = try #require(text.range(of: "\"state\""))
    let numbers = text[state.upperBound...].matches(of: /"([a-z_]+)": [0-9]+(?=[,\n])/)
    let keys = numbers.map { String($0.output.1) }
    for key in ["step", "token_count", "metrics_offset", "lessons", "seen", "update_count"] {
      #expect(keys.contains(key))
    }
    for number in numbers {
      let key = String(number.output.1)
      try edit("checkpoints/step-000005/MANIFEST.json") {
        $0 = Array(
          text.replacingCharacters(in: number.range, with: "\"\(key)\": 9223372036854775807").utf8)
      }
      // Step 5 is made again and saved.
      let warnings = try await run(recipe, stopAfter: 5)
      #expect(warnings.count == 1 && warnings.first?.hasPrefix(last) == true, "\(key): \(warnings)")
      #expect(steps("metrics.jsonl") == Array(1...5), "\(key)")
    }
  }

  @Test func stepsThatDisagreeFallBackToTheCheckpointBefore() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 5)
    // The directory and the manifest say 6, the state 5.
    let folder = recipe.output + "/checkpoints/step-00000"
    try FileManager.default.moveItem(atPath: folder + "5", toPath: folder + "6")
    try edit("checkpoints/step-000006/MANIFEST.json") { bytes in
      let text = String(decoding: bytes, as: UTF8.self)
      bytes = Array(text.replacing("\"step\": 5", with: "\"step\": 6", maxReplacements: 1).utf8)
    }
    #expect(
      try await run(recipe) == [
        "\(folder)6: state.step: does not fit the directory (got 5; need 6); the checkpoint "
          + "before it is taken"
      ])
    #expect(steps("metrics.jsonl") == Array(1...9))
  }

  @Test func whenNoCheckpointIsUsableNothingIsCut() async throws {
    defer { small.remove() }
    let recipe = try recipe()
    try await run(recipe, stopAfter: 5)
    let before = try bytes("metrics.jsonl")
    for step in [4, 5] {
      try edit("checkpoints/step-00000\(step)/MANIFEST.json") { $0 = Array("{}".utf8) }
    }
    let error = try await #require(throws: Checkpoints.Unusable.self) { try await run(recipe) }
    #expect(error.problems.count == 2)
    #expect(try bytes("metrics.jsonl") == before)
    // As the help says.
    try FileManager.default.moveItem(
      atPath: recipe.output + "/checkpoints", toPath: small.directory + "/elsewhere")
    try await run(recipe)
    #expect(steps("metrics.jsonl") == Array(1...9))
    #expect(try bytes("metrics.jsonl.1") == before)
  }
}

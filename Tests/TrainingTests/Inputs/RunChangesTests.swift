import Formats
import Foundation
import Recipes
import Rewards
import Runs
import Synchronization
import TestSupport
import Testing
import Training

/// What may change while a run goes on, by itself or because its user accepts it.
@Suite(.inTurn) struct RunChangesTests {
  private let inputs: InputsRun

  init() async throws { inputs = try await InputsRun() }

  @Test func whereNothingWasScoredRewardsAreMendedInPlace() async throws {
    defer { inputs.small.remove() }
    let good = String(decoding: try inputs.bytes("score.sh"), as: UTF8.self)
    func write(_ text: String) async throws {
      try await makeExecutable(inputs.small.directory + "/score.sh", text)
    }
    let settings = ["rewards=[{ command: [DIR/score.sh], timeout: 86400 }]"]
    // Answers the empty batch of the start, and nothing else.
    try await write(good.replacing("'{\"rewards\": [0,", with: "'{\"rewards\": [0,0,"))
    var error = await #expect(throws: TrainingError.self) {
      try await inputs.recipe(settings[0]).run()
    }
    guard case .rewardsFailed(1, _, _, _, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await write(good)
    try await inputs.recipe(settings[0]).run(stopAfter: 2)
    #expect(try inputs.manifest().changes.map(\.field) == ["rewards.0.command.0"])
    // What is scored was scored by what it was.
    try await write(good + "# changed\n")
    #expect(try await inputs.refused(inputs.recipe(settings[0])) == ["rewards.0.command.0"])
    // As is the warm start, where a reward says when it ends.
    try inputs.remove("run")
    let warm = "warm_start={ steps: 2, learning_rate: 1e-3, until_accuracy: 0.9 }"
    try await TrainingRun(inputs.recipe(settings[0], warm), threads: 2).runWarmStart()
    try await write(good)
    error = await #expect(throws: TrainingError.self) {
      try await inputs.recipe(settings[0], warm).run()
    }
    #expect(error?.description.contains("rewards.0.command.0") == true)
  }

  @Test func whatIsAcceptedIsWrittenDownWhereItActs() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe("train.steps=3").run()
    let before = try ["run/recipe.yaml", "run/MANIFEST.json"].map { try inputs.bytes($0) }
    try await inputs.recipe("train.steps=3", "train.beta=0.5").run(allowing: ["train.beta"])
    #expect(try ["run/recipe.yaml", "run/MANIFEST.json"].map { try inputs.bytes($0) } == before)
    try await inputs.recipe("train.steps=3").run()
    try await inputs.recipe("train.steps=4", "train.beta=0.5").run(allowing: ["train.beta"])
    #expect(Set(try inputs.manifest().changes.map(\.field)) == ["train.beta", "train.steps"])
  }

  /// A file and a key that are accepted, and with which nothing can be made.
  @Test func whatIsAcceptedIsNoMoreThanTried() async throws {
    defer { inputs.small.remove() }
    let good = String(decoding: try inputs.bytes("score.sh"), as: UTF8.self)
    try await inputs.recipe().run(stopAfter: 2)
    let names = ["run/recipe.yaml", "run/MANIFEST.json"]
    let before = try names.map { try inputs.bytes($0) }
    try await makeExecutable(inputs.small.directory + "/score.sh", "#!/bin/sh\nexit 1\n")
    await #expect(throws: RewardError.self) {
      try await inputs.recipe("train.beta=0.5").run(allowing: ["rewards.1.command.0", "train.beta"])
    }
    #expect(try names.map { try inputs.bytes($0) } == before)
    // As it was before, it goes on.
    try await makeExecutable(inputs.small.directory + "/score.sh", good)
    #expect(try await inputs.recipe().run(stopAfter: 3) == [])
    // And with what it is then saved with, from there on.
    try await inputs.recipe("train.beta=0.5").run(stopAfter: 4, allowing: ["train.beta"])
    #expect(try inputs.manifest().changes.map(\.field) == ["train.beta"])
    #expect(Set(try await inputs.refused(inputs.recipe())) == ["train.beta"])
  }

  @Test func cadenceAndStepsMayChange() async throws {
    defer { inputs.small.remove() }
    let settings = ["train.outer_iterations=1", "train.steps_per_iteration=9"]
    try await inputs.recipe(settings[0], settings[1]).run()
    let whole = try ["run/completions.jsonl", "run/model/model.safetensors"].map {
      try inputs.bytes($0)
    }
    try inputs.remove("run")
    // Ends after 3 steps, is begun with checkpoints at 2 and 3.
    try await inputs.recipe(settings[0], "train.steps_per_iteration=3", "train.checkpoint_steps=2")
      .run()
    // The warm start alone is no reason to train again.
    try await TrainingRun(inputs.recipe(settings[0], settings[1]), threads: 2).runWarmStart()
    #expect(Files.exists(inputs.small.directory + "/run/model/config.json"))
    try await inputs.recipe(
      settings[0], settings[1], "train.steps=5", "train.save_total_limit=1",
      "train.num_completions_to_print=0", "evaluation.every=2"
    ).run()
    try await inputs.recipe(settings[0], settings[1]).run()
    #expect(
      try ["run/completions.jsonl", "run/model/model.safetensors"].map { try inputs.bytes($0) }
        == whole)
    #expect(try inputs.manifest().changes.map(\.field).contains("train.steps"))
  }

  @Test func thePastMustStayWhatItWas() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe("train.steps=4").run()
    // The reference was reset before step 4.
    #expect(
      try await inputs.refused(inputs.recipe("train.steps_per_iteration=4")) == [
        "train.steps_per_iteration"
      ])
    let error = try await #require(throws: TrainingError.self) {
      try await inputs.recipe("train.steps=3").run()
    }
    #expect(
      error.description.contains("has already made more steps (got 3; need at least 4)"))
    // Nothing to go on from: the model stays.
    try inputs.remove("run/checkpoints")
    await #expect(throws: TrainingError.self) {
      try await inputs.recipe("train.steps=6").run()
    }
    #expect(Files.exists(inputs.small.directory + "/run/model/config.json"))
  }

  @Test func aScheduleThatChangesIsSaid() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe("train.lr_scheduler_type=linear", "train.steps=4").run()
    let warnings = try await inputs.recipe("train.lr_scheduler_type=linear", "train.steps=6").run()
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("now decays over 6 steps") == true)
  }

  @Test func aFieldThatNothingHasCannotBeAllowed() async throws {
    defer { inputs.small.remove() }
    let error = try await #require(throws: TrainingError.self) {
      try await inputs.recipe().run(allowing: ["data.trian"])
    }
    #expect(error.description == "no key or input is named data.trian; did you mean data.train?")
  }

  @Test func whatHasNotBegunIsMendedInPlace() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe().run(stopAfter: 0)
    for name in try Files.names(in: inputs.small.directory + "/run")
    where !["MANIFEST.json", "lock", "recipe.yaml", "tokenizer.model"].contains(name) {
      try inputs.remove("run/" + name)
    }
    try inputs.small.write("prompt.txt", "{question} =\n")
    try await inputs.recipe("train.beta=0.5").run(stopAfter: 2)
    #expect(try inputs.manifest().changes.isEmpty)
    #expect(try inputs.manifest()["prompt"] == FileDigest(of: try inputs.bytes("prompt.txt")))
  }
}

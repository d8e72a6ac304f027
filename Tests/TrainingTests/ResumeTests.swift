import Formats
import Foundation
import Recipes
import Runs
import TestSupport
import Testing
import Training

/// What a run goes on without, and what it moves out of its way.
@Suite(.inTurn) struct ResumeTests {
  private let run: ResumedRun

  init() throws { run = try ResumedRun() }

  /// Found before the first step: a model that cannot be written would be lost after the last one.
  @Test func whatStandsWhereTheModelGoesIsSetAside() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 4)
    try Files.createDirectory(recipe.output + "/model")
    try run.small.write("run/model/notes.md", "mine")
    try run.remove("metrics.jsonl")
    try Files.createDirectory(recipe.output + "/metrics.jsonl")
    let warnings = try await recipe.run(stopAfter: 4)
    for name in ["metrics.jsonl", "model"] {
      let path = "\(recipe.output)/\(name)"
      #expect(
        warnings.contains(
          "\(path): is in the way of the run's output; renamed to \(path).1"))
    }
    try await recipe.run()
    #expect(Files.exists(recipe.output + "/model/config.json"))
    #expect(try run.bytes("model.1/notes.md") == Array("mine".utf8))
    #expect(run.steps("metrics.jsonl") == Array(5...9))
  }

  @Test func aRunWhoseDirectoryIsReplacedEndsAndLeavesTheNewOneAlone() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe("train.checkpoint_steps=2")
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
    defer { run.small.remove() }
    let settings = [
      "train.outer_iterations=2", "warm_start={ steps: 5, learning_rate: 1e-3 }",
      "evaluation={ samples: 1, questions: 4 }",
      "data.test=\(run.small.directory)/data.jsonl",
      "reward_model={ labeller: exact_match, questions: 4, steps: 2, batch_size: 4 }",
    ]
    let recipe = try run.recipe(settings[0], settings[1], settings[2], settings[3], settings[4])
    try await recipe.run()
    let names = ["completions.jsonl", "model/model.safetensors", "reward-model/model.safetensors"]
    let whole = try names.map { try run.bytes($0) }
    try run.remove("")
    try await recipe.run(stopAfter: 5)
    let manifest = try RunManifest(contentsOf: recipe.output + "/MANIFEST.json")
    let name =
      "warm-start/model/" + (damage == "tokenizer" ? "tokenizer.model" : "model.safetensors")
    if damage == "remove" {
      try run.remove(name)
    } else {
      try run.edit(name) { $0.removeLast($0.count / 2) }
    }
    for _ in 0..<2 {
      let warnings = try await recipe.run().filter { $0.contains("warm start") }
      #expect(warnings.count == 1)
      #expect(warnings.first?.hasPrefix("\(recipe.output)/\(name): ") == true, "\(warnings)")
      #expect(
        warnings.first?.hasSuffix(
          "continuing without the warm start, whose accuracy will be unknown") == true)
    }
    #expect(try names.map { try run.bytes($0) } == whole)
    let now = try RunManifest(contentsOf: recipe.output + "/MANIFEST.json")
    #expect(now.changes.isEmpty)
    for input in manifest.inputs { #expect(now[input.field] == input.digest) }
    // Without any checkpoint it is needed.
    try run.remove("checkpoints", "model")
    let error = await #expect(throws: TrainingError.self) { try await recipe.run() }
    guard case .damaged(recipe.output + "/warm-start/model", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // As the help says.
    try run.remove("warm-start/model")
    try await recipe.run()
    #expect(try names.dropFirst().map { try run.bytes($0) } == Array(whole.dropFirst()))
  }

  @Test func aModelThatCannotBeReadIsNamed() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run()
    let whole = try run.bytes("model/model.safetensors")
    try run.remove("model/model.safetensors")
    let error = await #expect(throws: TrainingError.self) { try await recipe.run() }
    guard case .damaged(recipe.output + "/model", _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try run.remove("model")
    try await recipe.run()
    #expect(try run.bytes("model/model.safetensors") == whole)
  }

  @Test func aLinkToNothingInTheWayIsSetAside() async throws {
    defer { run.small.remove() }
    let recipe = try run.recipe()
    try await recipe.run(stopAfter: 5)
    let paths = ["checkpoints/step-000009", "model"].map { "\(recipe.output)/\($0)" }
    for path in paths {
      try FileManager.default.createSymbolicLink(
        atPath: path, withDestinationPath: run.small.directory + "/nowhere")
    }
    #expect(
      try await recipe.run()
        == paths.map { "\($0): is in the way of the run's output; renamed to \($0).1" })
    #expect(paths.allSatisfy { Files.isDirectory($0) && Files.isTaken($0 + ".1") })
  }
}

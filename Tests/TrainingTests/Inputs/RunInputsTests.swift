import Formats
import Foundation
import Recipes
import Rewards
import Runs
import Synchronization
import TestSupport
import Testing
import Training

/// What a run depends on is written down, and compared when it goes on.
@Suite(.inTurn) struct RunInputsTests {
  private let inputs: InputsRun

  init() async throws { inputs = try await InputsRun() }

  @Test func theManifestHasTheHashOfEveryFile() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe(
      "warm_start={ steps: 2, learning_rate: 1e-3 }",
      "reward_model={ labeller: exact_match, questions: 4, steps: 1, batch_size: 4 }"
    ).run()
    // Arguments of the plug-in may be secrets.
    let attributes = try FileManager.default.attributesOfItem(
      atPath: inputs.small.directory + "/run/recipe.yaml")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let names: [(field: String, file: String)] =
      [
        ("data.train", "data.jsonl"), ("data.test", "test.jsonl"), ("prompt", "prompt.txt"),
        ("rewards.1.command.0", "score.sh"), ("rewards.1.command.1", "weights.txt"),
        ("tokenizer.model", "run/tokenizer.model"),
      ]
      + (try Files.names(in: inputs.small.directory + "/run/warm-start/model")).map {
        ("warm-start/model/\($0)", "run/warm-start/model/\($0)")
      }
    let first = try inputs.manifest()
    #expect(first.version == ProgramVersion.current)
    #expect(Set(first.inputs.map(\.field)) == Set(names.map(\.field)))
    for (field, file) in names {
      #expect(first[field] == FileDigest(of: try inputs.bytes(file)), "\(field)")
    }

    // A second run begins with what the first has made.
    try FileManager.default.moveItem(
      atPath: inputs.small.directory + "/run", toPath: inputs.small.directory + "/first")
    try inputs.small.write(
      "pairs.jsonl", "{\"prompt\": \"1+1=\\n\", \"chosen\": \"2\", \"rejected\": \"3\"}\n")
    try await inputs.recipe(
      "model={ path: DIR/first/model }", "tokenizer=null",
      "rewards=[exact_match, { model: DIR/first/reward-model, name: learned }]",
      "reward_model={ preferences: DIR/pairs.jsonl, path: DIR/first/reward-model, steps: 1 }"
    ).run()
    let second = try inputs.manifest()
    for (field, file) in [
      ("model.path/config.json", "first/model/config.json"),
      ("model.path/model.safetensors", "first/model/model.safetensors"),
      ("tokenizer.path", "first/model/tokenizer.model"),
      ("rewards.1.model/model.safetensors", "first/reward-model/model.safetensors"),
      ("reward_model.preferences", "pairs.jsonl"),
    ] {
      #expect(second[field] == FileDigest(of: try inputs.bytes(file)), "\(field)")
    }
    // One file has one name, the first.
    #expect(second["reward_model.path/model.safetensors"] == nil)
  }

  @Test func everythingThatDiffersIsNamedAtOnce() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe().run(stopAfter: 4)
    let before = try inputs.bytes("run/metrics.jsonl")
    // Two rows change places; a program, the file it is given and the test set change.
    var rows = String(decoding: try inputs.bytes("data.jsonl"), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    rows.swapAt(0, 1)
    try inputs.small.write("data.jsonl", rows.joined(separator: "\n"))
    try inputs.small.write("test.jsonl", "{\"question\": \"1+2\", \"answer\": \"3\"}\n")
    try inputs.small.write("prompt.txt", "{question} =\n")
    try await makeExecutable(
      inputs.small.directory + "/score.sh",
      String(decoding: try inputs.bytes("score.sh"), as: UTF8.self) + "# changed\n")
    try inputs.small.write("weights.txt", "2")
    let other = try inputs.recipe("train.beta=0.5", "train.temperature=0.9")
    let all = [
      "train.beta", "train.temperature", "data.train", "data.test", "prompt", "rewards.1.command.0",
      "rewards.1.command.1",
    ]
    #expect(Set(try await inputs.refused(other)) == Set(all))
    #expect(
      try await inputs.refused(
        other, allowing: ["data", "rewards.1", "train.beta", "train.temperature"])
        == ["prompt"])
    #expect(try inputs.bytes("run/metrics.jsonl") == before)

    #expect(try await other.run(allowing: all).isEmpty)
    let changes = try inputs.manifest().changes
    #expect(Set(changes.map(\.field)) == Set(all))
    #expect(changes.allSatisfy { $0.step == 4 })
    let beta = changes.first { $0.field == "train.beta" }
    #expect(beta?.from == "0.02" && beta?.to == "0.5")
    // They are what the run is made of from now on.
    try await other.run()
    #expect(try inputs.manifest().changes == changes)
    #expect(Set(try await inputs.refused(inputs.recipe())) == ["train.beta", "train.temperature"])
  }

  /// What a script names, and what it is handed from the shell, are inputs as its file is.
  @Test func whatARewardReadsIsCompared() async throws {
    defer { inputs.small.remove() }
    let path = try #require(ProcessInfo.processInfo.environment["PATH"])
    func recipe(_ own: String) throws -> Recipe {
      try inputs.recipe(
        "rewards=[exact_match, { command: [sh, -c, \"exec DIR/score.sh --t=DIR/weights.txt\", "
          + "later], weight: 0, timeout: 86400, env: { PATH: null, OWN: \(own) }, directory: DIR, "
          + "name: mine }]")
    }
    let mine = try recipe("a")
    try await mine.run(stopAfter: 2)
    let first = try inputs.manifest()
    let (script, weights) = ("rewards.1.command.2/score.sh", "rewards.1.command.2/weights.txt")
    let (handed, own) = ("rewards.1.env.PATH", "rewards.1.env.OWN")
    #expect(first[handed] == FileDigest(of: Array(path.utf8)))
    try inputs.small.write("weights.txt", "2")
    // As if another value had been handed on when the run began.
    var other = first
    other[handed] = FileDigest(of: [])
    try other.write(to: inputs.small.directory + "/run/MANIFEST.json")
    #expect(Set(try await inputs.refused(recipe("b"))) == [weights, handed, own])
    let error = await #expect(throws: TrainingError.self) { try await mine.run() }
    #expect(error?.description.contains("the variable PATH differs") == true)
    try first.write(to: inputs.small.directory + "/run/MANIFEST.json")
    try inputs.small.write("weights.txt", "1")

    // A file that the command may have written itself is told, and no reason to stop.
    try inputs.small.write("later", "")
    let appeared =
      "rewards.1.command.3: \(inputs.small.directory)/later did not exist when the run began; changes to it "
      + "are not checked"
    #expect(try await mine.run(stopAfter: 3) == [appeared])
    try inputs.small.write("later", "more")
    #expect(try await mine.run(stopAfter: 4) == [])
    #expect(Set(try inputs.manifest().inputs.map(\.field)) == Set(first.inputs.map(\.field)))

    // A manifest of before has the recipe's own files alone.
    var early = first
    early.hasAllOfRewards = false
    for field in [script, weights, handed, own] { early[field] = nil }
    try early.write(to: inputs.small.directory + "/run/MANIFEST.json")
    #expect(try RunManifest(contentsOf: inputs.small.directory + "/run/MANIFEST.json") == early)
    #expect(try await mine.run(stopAfter: 5) == [])
    #expect(try inputs.manifest()[own] == FileDigest(of: [UInt8(ascii: "a")]))
    #expect(try inputs.manifest().hasAllOfRewards)
  }

  @Test func whatIsNotKnownIsSaidOnce() async throws {
    defer { inputs.small.remove() }
    let recipe = try inputs.recipe(
      "rewards=[exact_match, { command: [sh, -c, \"exec ./sc*.sh\"], weight: 0, timeout: 86400, "
        + "directory: DIR, name: mine }]")
    #expect(
      try await recipe.run(stopAfter: 2) == [
        "reward mine: cannot tell which files it reads; a resume will not notice changes to them"
      ])
    #expect(try await recipe.run(stopAfter: 3) == [])
  }

  @Test func whatARewardWritesItselfIsNotCompared() async throws {
    defer { inputs.small.remove() }
    let script = String(decoding: try inputs.bytes("score.sh"), as: UTF8.self)
    try await makeExecutable(
      inputs.small.directory + "/score.sh",
      script.replacing("read -r line; do", with: "read -r line; do echo x >>\"$1\""))
    try inputs.small.write("seen.log", "")
    let recipe = try inputs.recipe(
      "rewards=[exact_match, { command: [DIR/score.sh, DIR/seen.log, DIR/weights.txt], weight: 0, "
        + "timeout: 86400 }]")
    let said =
      "rewards.1.command.1: changed during the run; further changes are not checked"
    #expect(try await recipe.run(stopAfter: 2) == [said])
    #expect(try inputs.manifest().written == ["rewards.1.command.1"])
    #expect(try await recipe.run(stopAfter: 3) == [])
    try inputs.small.write("weights.txt", "2")
    #expect(try await inputs.refused(recipe) == ["rewards.1.command.2"])
    try inputs.small.write("weights.txt", "1")
    #expect(try await recipe.run() == [])
  }

  @Test func whatTheRunMadeItselfMustStayAsItIs() async throws {
    defer { inputs.small.remove() }
    let recipe = try inputs.recipe("warm_start={ steps: 2, learning_rate: 1e-3 }")
    try await recipe.run(stopAfter: 1)
    let name = "run/warm-start/model/model.safetensors"
    let weights = try inputs.bytes(name)
    var other = weights
    other[weights.count - 1] ^= 1
    try Files.writeAtomically(other, to: inputs.small.directory + "/" + name)
    #expect(try await inputs.refused(recipe) == ["warm-start/model/model.safetensors"])
    try Files.writeAtomically(weights, to: inputs.small.directory + "/" + name)
    try await recipe.run()
  }

  @Test func aFileThatLiesElsewhereIsTheSameFile() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe().run(stopAfter: 2)
    try FileManager.default.moveItem(
      atPath: inputs.small.directory + "/data.jsonl",
      toPath: inputs.small.directory + "/moved.jsonl")
    try await inputs.recipe("data.train=DIR/moved.jsonl").run(stopAfter: 3)
    // With another content it is the key that differs.
    try inputs.small.write("moved.jsonl", "{\"question\": \"1+2\", \"answer\": \"3\"}\n")
    try inputs.small.write("data.jsonl", "{\"question\": \"1+2\", \"answer\": \"4\"}\n")
    #expect(try await inputs.refused(inputs.recipe("data.train=DIR/moved.jsonl")) == ["data.train"])
    #expect(try await inputs.refused(inputs.recipe()) == ["data.train"])
  }

  @Test(arguments: [nil, "{", "{\"format_version\": 1, \"version\": \"0\", \"inputs\": []}"])
  func withoutAManifestTheRunGoesOnAndSaysSo(content: String?) async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe().run(stopAfter: 2)
    let before = try inputs.manifest()
    try inputs.remove("run/MANIFEST.json")
    if let content { try inputs.small.write("run/MANIFEST.json", content) }
    let warnings = try await inputs.recipe().run(stopAfter: 3)
    #expect(warnings.count == 1)
    #expect(warnings.first?.hasPrefix(inputs.small.directory + "/run/MANIFEST.json") == true)
    #expect(Set(try inputs.manifest().inputs.map(\.field)) == Set(before.inputs.map(\.field)))
    #expect(try await inputs.recipe().run(stopAfter: 4).isEmpty)
  }

  @Test func anotherVersionOfTheProgramIsSaidAndRecorded() async throws {
    defer { inputs.small.remove() }
    try await inputs.recipe().run(stopAfter: 2)
    var earlier = try inputs.manifest()
    earlier.version = "0.0.9"
    try earlier.write(to: inputs.small.directory + "/run/MANIFEST.json")
    #expect(
      try await inputs.recipe().run(stopAfter: 3).first?.contains("version 0.0.9") == true)
    #expect(try inputs.manifest().changes.map(\.field) == ["version"])
    #expect(try await inputs.recipe().run(stopAfter: 4).isEmpty)
  }
}

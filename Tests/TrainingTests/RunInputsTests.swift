import Formats
import Foundation
import Rewards
import Runs
import Synchronization
import TestSupport
import Testing
import Training

/// A run goes on with what it began with, and with what its user accepts.
@Suite(.inTurn) struct RunInputsTests {
  private let small: SmallRecipe

  init() async throws {
    small = try SmallRecipe()
    try small.write("test.jsonl", "{\"question\": \"1+1\", \"answer\": \"2\"}\n")
    try await makeExecutable(
      small.directory + "/score.sh",
      """
      #!/bin/sh
      while read -r line; do
        case "$line" in
        *'"completions":[],'*) echo '{"rewards": []}' ;;
        *)
          id=${line#*'"id":'}
          echo '{"rewards": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0], "id":' "${id%%,*}}"
          ;;
        esac
      done

      """)
    try small.write("weights.txt", "1")
  }

  /// Nine steps of a new policy, with a plug-in among the rewards.
  private func recipe(_ settings: String...) throws -> Recipe {
    try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/run")]
        + ([
          "data.test=DIR/test.jsonl", "warm_start=null", "evaluation={ samples: 1 }",
          "rewards=[exact_match, { command: [DIR/score.sh, DIR/weights.txt, 7], weight: 0, "
            + "timeout: 86400 }]",
        ] + settings).map { $0.replacing("DIR", with: small.directory) }.compactMap {
          RecipeOverride(assignment: $0)
        })
  }

  @discardableResult private func run(
    _ recipe: Recipe, stopAfter last: Int = .max, allowing allowed: [String] = []
  ) async throws -> [String] {
    let seen = Mutex((step: 0, warnings: [String]()))
    let run = try TrainingRun(
      recipe, threads: 2, allowing: allowed,
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

  /// The fields that keep a recipe from going on.
  private func refused(_ recipe: Recipe, allowing allowed: [String] = []) async throws -> [String] {
    let error = try await #require(throws: TrainingError.self) {
      try await run(recipe, allowing: allowed)
    }
    guard case .differentInputs(_, let differences) = error else {
      Issue.record("\(error)")
      return []
    }
    return differences.map(\.field)
  }

  private func manifest() throws -> RunManifest {
    try RunManifest(contentsOf: small.directory + "/run/MANIFEST.json")
  }

  private func bytes(_ name: String) throws -> [UInt8] {
    try Files.read(small.directory + "/" + name, maximumBytes: 1 << 26)
  }

  private func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: small.directory + "/" + name)
  }

  @Test func theManifestHasTheHashOfEveryFile() async throws {
    defer { small.remove() }
    try await run(
      recipe(
        "warm_start={ steps: 2, learning_rate: 1e-3 }",
        "reward_model={ labeller: exact_match, questions: 4, steps: 1, batch_size: 4 }"))
    // Arguments of the plug-in may be secrets.
    let attributes = try FileManager.default.attributesOfItem(
      atPath: small.directory + "/run/recipe.yaml")
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    let names: [(field: String, file: String)] =
      [
        ("data.train", "data.jsonl"), ("data.test", "test.jsonl"), ("prompt", "prompt.txt"),
        ("rewards.1.command.0", "score.sh"), ("rewards.1.command.1", "weights.txt"),
        ("tokenizer.model", "run/tokenizer.model"),
      ]
      + (try Files.names(in: small.directory + "/run/warm-start/model")).map {
        ("warm-start/model/\($0)", "run/warm-start/model/\($0)")
      }
    let first = try manifest()
    #expect(first.version == ProgramVersion.current)
    #expect(Set(first.inputs.map(\.field)) == Set(names.map(\.field)))
    for (field, file) in names {
      #expect(first[field] == FileDigest(of: try bytes(file)), "\(field)")
    }

    // A second run begins with what the first has made.
    try FileManager.default.moveItem(
      atPath: small.directory + "/run", toPath: small.directory + "/first")
    try small.write(
      "pairs.jsonl", "{\"prompt\": \"1+1=\\n\", \"chosen\": \"2\", \"rejected\": \"3\"}\n")
    try await run(
      recipe(
        "model={ path: DIR/first/model }", "tokenizer=null",
        "rewards=[exact_match, { model: DIR/first/reward-model, name: learned }]",
        "reward_model={ preferences: DIR/pairs.jsonl, path: DIR/first/reward-model, steps: 1 }"))
    let second = try manifest()
    for (field, file) in [
      ("model.path/config.json", "first/model/config.json"),
      ("model.path/model.safetensors", "first/model/model.safetensors"),
      ("tokenizer.path", "first/model/tokenizer.model"),
      ("rewards.1.model/model.safetensors", "first/reward-model/model.safetensors"),
      ("reward_model.preferences", "pairs.jsonl"),
    ] {
      #expect(second[field] == FileDigest(of: try bytes(file)), "\(field)")
    }
    // One file has one name, the first.
    #expect(second["reward_model.path/model.safetensors"] == nil)
  }

  @Test func everythingThatDiffersIsNamedAtOnce() async throws {
    defer { small.remove() }
    try await run(recipe(), stopAfter: 4)
    let before = try bytes("run/metrics.jsonl")
    // Two rows change places; a program, the file it is given and the test set change.
    var rows = String(decoding: try bytes("data.jsonl"), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
    rows.swapAt(0, 1)
    try small.write("data.jsonl", rows.joined(separator: "\n"))
    try small.write("test.jsonl", "{\"question\": \"1+2\", \"answer\": \"3\"}\n")
    try small.write("prompt.txt", "{question} =\n")
    try await makeExecutable(
      small.directory + "/score.sh",
      String(decoding: try bytes("score.sh"), as: UTF8.self) + "# changed\n")
    try small.write("weights.txt", "2")
    let other = try recipe("train.beta=0.5", "train.temperature=0.9")
    let all = [
      "train.beta", "train.temperature", "data.train", "data.test", "prompt", "rewards.1.command.0",
      "rewards.1.command.1",
    ]
    #expect(Set(try await refused(other)) == Set(all))
    #expect(
      try await refused(other, allowing: ["data", "rewards.1", "train.beta", "train.temperature"])
        == ["prompt"])
    #expect(try bytes("run/metrics.jsonl") == before)

    #expect(try await run(other, allowing: all).isEmpty)
    let changes = try manifest().changes
    #expect(Set(changes.map(\.field)) == Set(all))
    #expect(changes.allSatisfy { $0.step == 4 })
    let beta = changes.first { $0.field == "train.beta" }
    #expect(beta?.from == "0.02" && beta?.to == "0.5")
    // They are what the run is made of from now on.
    try await run(other)
    #expect(try manifest().changes == changes)
    #expect(Set(try await refused(recipe())) == ["train.beta", "train.temperature"])
  }

  /// What a script names, and what it is handed from the shell, are inputs as its file is.
  @Test func whatARewardReadsIsCompared() async throws {
    defer { small.remove() }
    let path = try #require(ProcessInfo.processInfo.environment["PATH"])
    func recipe(_ own: String) throws -> Recipe {
      try self.recipe(
        "rewards=[exact_match, { command: [sh, -c, \"exec DIR/score.sh --t=DIR/weights.txt\", "
          + "later], weight: 0, timeout: 86400, env: { PATH: null, OWN: \(own) }, directory: DIR, "
          + "name: mine }]")
    }
    let mine = try recipe("a")
    try await run(mine, stopAfter: 2)
    let first = try manifest()
    let (script, weights) = ("rewards.1.command.2/score.sh", "rewards.1.command.2/weights.txt")
    let (handed, own) = ("rewards.1.env.PATH", "rewards.1.env.OWN")
    #expect(first[handed] == FileDigest(of: Array(path.utf8)))
    try small.write("weights.txt", "2")
    // As if another value had been handed on when the run began.
    var other = first
    other[handed] = FileDigest(of: [])
    try other.write(to: small.directory + "/run/MANIFEST.json")
    #expect(Set(try await refused(recipe("b"))) == [weights, handed, own])
    let error = await #expect(throws: TrainingError.self) { try await run(mine) }
    #expect(error?.description.contains("the variable PATH differs") == true)
    try first.write(to: small.directory + "/run/MANIFEST.json")
    try small.write("weights.txt", "1")

    // A file that the command may have written itself is told, and no reason to stop.
    try small.write("later", "")
    let appeared =
      "rewards.1.command.3: \(small.directory)/later was not there when the run began; what is in it "
      + "is not compared"
    #expect(try await run(mine, stopAfter: 3) == [appeared])
    try small.write("later", "more")
    #expect(try await run(mine, stopAfter: 4) == [])
    #expect(Set(try manifest().inputs.map(\.field)) == Set(first.inputs.map(\.field)))

    // A manifest of before has the recipe's own files alone.
    var early = first
    early.hasAllOfRewards = false
    for field in [script, weights, handed, own] { early[field] = nil }
    try early.write(to: small.directory + "/run/MANIFEST.json")
    #expect(try RunManifest(contentsOf: small.directory + "/run/MANIFEST.json") == early)
    #expect(try await run(mine, stopAfter: 5) == [])
    #expect(try manifest()[own] == FileDigest(of: [UInt8(ascii: "a")]))
    #expect(try manifest().hasAllOfRewards)
  }

  @Test func whatIsNotKnownIsSaidOnce() async throws {
    defer { small.remove() }
    let recipe = try recipe(
      "rewards=[exact_match, { command: [sh, -c, \"exec ./sc*.sh\"], weight: 0, timeout: 86400, "
        + "directory: DIR, name: mine }]")
    #expect(
      try await run(recipe, stopAfter: 2) == [
        "reward mine: what it reads is not known, nor whether that changes"
      ])
    #expect(try await run(recipe, stopAfter: 3) == [])
  }

  @Test func whatARewardWritesItselfIsNotCompared() async throws {
    defer { small.remove() }
    let script = String(decoding: try bytes("score.sh"), as: UTF8.self)
    try await makeExecutable(
      small.directory + "/score.sh",
      script.replacing("read -r line; do", with: "read -r line; do echo x >>\"$1\""))
    try small.write("seen.log", "")
    let recipe = try recipe(
      "rewards=[exact_match, { command: [DIR/score.sh, DIR/seen.log, DIR/weights.txt], weight: 0, "
        + "timeout: 86400 }]")
    let said =
      "rewards.1.command.1: changed while the run went on; what is in it is not compared"
    #expect(try await run(recipe, stopAfter: 2) == [said])
    #expect(try manifest().written == ["rewards.1.command.1"])
    #expect(try await run(recipe, stopAfter: 3) == [])
    try small.write("weights.txt", "2")
    #expect(try await refused(recipe) == ["rewards.1.command.2"])
    try small.write("weights.txt", "1")
    #expect(try await run(recipe) == [])
  }

  @Test func whereNothingWasScoredRewardsAreMendedInPlace() async throws {
    defer { small.remove() }
    let good = String(decoding: try bytes("score.sh"), as: UTF8.self)
    func write(_ text: String) async throws {
      try await makeExecutable(small.directory + "/score.sh", text)
    }
    let settings = ["rewards=[{ command: [DIR/score.sh], timeout: 86400 }]"]
    // Answers the empty batch of the start, and nothing else.
    try await write(good.replacing("'{\"rewards\": [0,", with: "'{\"rewards\": [0,0,"))
    var error = await #expect(throws: TrainingError.self) { try await run(recipe(settings[0])) }
    guard case .rewardsFailed(1, _, _, _, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    try await write(good)
    try await run(recipe(settings[0]), stopAfter: 2)
    #expect(try manifest().changes.map(\.field) == ["rewards.0.command.0"])
    // What is scored was scored by what it was.
    try await write(good + "# changed\n")
    #expect(try await refused(recipe(settings[0])) == ["rewards.0.command.0"])
    // As is the warm start, where a reward says when it ends.
    try remove("run")
    let warm = "warm_start={ steps: 2, learning_rate: 1e-3, until_accuracy: 0.9 }"
    try await TrainingRun(recipe(settings[0], warm), threads: 2).runWarmStart()
    try await write(good)
    error = await #expect(throws: TrainingError.self) { try await run(recipe(settings[0], warm)) }
    #expect(error?.description.contains("rewards.0.command.0") == true)
  }

  @Test func whatIsAcceptedIsWrittenDownWhereItActs() async throws {
    defer { small.remove() }
    try await run(recipe("train.steps=3"))
    let before = try ["run/recipe.yaml", "run/MANIFEST.json"].map { try bytes($0) }
    try await run(recipe("train.steps=3", "train.beta=0.5"), allowing: ["train.beta"])
    #expect(try ["run/recipe.yaml", "run/MANIFEST.json"].map { try bytes($0) } == before)
    try await run(recipe("train.steps=3"))
    try await run(recipe("train.steps=4", "train.beta=0.5"), allowing: ["train.beta"])
    #expect(Set(try manifest().changes.map(\.field)) == ["train.beta", "train.steps"])
  }

  /// A file and a key that are accepted, and with which nothing can be made.
  @Test func whatIsAcceptedIsNoMoreThanTried() async throws {
    defer { small.remove() }
    let good = String(decoding: try bytes("score.sh"), as: UTF8.self)
    try await run(recipe(), stopAfter: 2)
    let names = ["run/recipe.yaml", "run/MANIFEST.json"]
    let before = try names.map { try bytes($0) }
    try await makeExecutable(small.directory + "/score.sh", "#!/bin/sh\nexit 1\n")
    await #expect(throws: RewardError.self) {
      try await run(
        recipe("train.beta=0.5"), allowing: ["rewards.1.command.0", "train.beta"])
    }
    #expect(try names.map { try bytes($0) } == before)
    // As it was before, it goes on.
    try await makeExecutable(small.directory + "/score.sh", good)
    #expect(try await run(recipe(), stopAfter: 3) == [])
    // And with what it is then saved with, from there on.
    try await run(recipe("train.beta=0.5"), stopAfter: 4, allowing: ["train.beta"])
    #expect(try manifest().changes.map(\.field) == ["train.beta"])
    #expect(Set(try await refused(recipe())) == ["train.beta"])
  }

  @Test func whatTheRunMadeItselfMustStayAsItIs() async throws {
    defer { small.remove() }
    let recipe = try recipe("warm_start={ steps: 2, learning_rate: 1e-3 }")
    try await run(recipe, stopAfter: 1)
    let name = "run/warm-start/model/model.safetensors"
    let weights = try bytes(name)
    var other = weights
    other[weights.count - 1] ^= 1
    try Files.writeAtomically(other, to: small.directory + "/" + name)
    #expect(try await refused(recipe) == ["warm-start/model/model.safetensors"])
    try Files.writeAtomically(weights, to: small.directory + "/" + name)
    try await run(recipe)
  }

  @Test func aFileThatLiesElsewhereIsTheSameFile() async throws {
    defer { small.remove() }
    try await run(recipe(), stopAfter: 2)
    try FileManager.default.moveItem(
      atPath: small.directory + "/data.jsonl", toPath: small.directory + "/moved.jsonl")
    try await run(recipe("data.train=DIR/moved.jsonl"), stopAfter: 3)
    // With another content it is the key that differs.
    try small.write("moved.jsonl", "{\"question\": \"1+2\", \"answer\": \"3\"}\n")
    try small.write("data.jsonl", "{\"question\": \"1+2\", \"answer\": \"4\"}\n")
    #expect(try await refused(recipe("data.train=DIR/moved.jsonl")) == ["data.train"])
    #expect(try await refused(recipe()) == ["data.train"])
  }

  @Test func cadenceAndStepsMayChange() async throws {
    defer { small.remove() }
    let settings = ["train.outer_iterations=1", "train.steps_per_iteration=9"]
    try await run(recipe(settings[0], settings[1]))
    let whole = try ["run/completions.jsonl", "run/model/model.safetensors"].map { try bytes($0) }
    try remove("run")
    // Ends after 3 steps, is begun with checkpoints at 2 and 3.
    try await run(
      recipe(settings[0], "train.steps_per_iteration=3", "train.checkpoint_steps=2"))
    // The warm start alone is no reason to train again.
    try await TrainingRun(recipe(settings[0], settings[1]), threads: 2).runWarmStart()
    #expect(Files.exists(small.directory + "/run/model/config.json"))
    try await run(
      recipe(
        settings[0], settings[1], "train.steps=5", "train.save_total_limit=1",
        "train.num_completions_to_print=0", "evaluation.every=2"))
    try await run(recipe(settings[0], settings[1]))
    #expect(
      try ["run/completions.jsonl", "run/model/model.safetensors"].map { try bytes($0) } == whole)
    #expect(try manifest().changes.map(\.field).contains("train.steps"))
  }

  @Test func thePastMustStayWhatItWas() async throws {
    defer { small.remove() }
    try await run(recipe("train.steps=4"))
    // The reference was reset before step 4.
    #expect(
      try await refused(recipe("train.steps_per_iteration=4")) == ["train.steps_per_iteration"])
    let error = try await #require(throws: TrainingError.self) {
      try await run(recipe("train.steps=3"))
    }
    #expect(
      error.description.contains("has made more steps already (got 3 in all; need at least 4)"))
    // Nothing to go on from: the model stays.
    try remove("run/checkpoints")
    await #expect(throws: TrainingError.self) { try await run(recipe("train.steps=6")) }
    #expect(Files.exists(small.directory + "/run/model/config.json"))
  }

  @Test func aScheduleThatChangesIsSaid() async throws {
    defer { small.remove() }
    try await run(recipe("train.lr_scheduler_type=linear", "train.steps=4"))
    let warnings = try await run(recipe("train.lr_scheduler_type=linear", "train.steps=6"))
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("decays over 6 steps from here on") == true)
  }

  @Test(arguments: [nil, "{", "{\"format_version\": 1, \"version\": \"0\", \"inputs\": []}"])
  func withoutAManifestTheRunGoesOnAndSaysSo(content: String?) async throws {
    defer { small.remove() }
    try await run(recipe(), stopAfter: 2)
    let before = try manifest()
    try remove("run/MANIFEST.json")
    if let content { try small.write("run/MANIFEST.json", content) }
    let warnings = try await run(recipe(), stopAfter: 3)
    #expect(warnings.count == 1)
    #expect(warnings.first?.hasPrefix(small.directory + "/run/MANIFEST.json") == true)
    #expect(Set(try manifest().inputs.map(\.field)) == Set(before.inputs.map(\.field)))
    #expect(try await run(recipe(), stopAfter: 4).isEmpty)
  }

  @Test func anotherVersionOfTheProgramIsSaidAndRecorded() async throws {
    defer { small.remove() }
    try await run(recipe(), stopAfter: 2)
    var earlier = try manifest()
    earlier.version = "0.0.9"
    try earlier.write(to: small.directory + "/run/MANIFEST.json")
    #expect(try await run(recipe(), stopAfter: 3).first?.contains("version 0.0.9") == true)
    #expect(try manifest().changes.map(\.field) == ["version"])
    #expect(try await run(recipe(), stopAfter: 4).isEmpty)
  }

  @Test func aFieldThatNothingHasCannotBeAllowed() async throws {
    defer { small.remove() }
    let error = try await #require(throws: TrainingError.self) {
      try await run(recipe(), allowing: ["data.trian"])
    }
    #expect(error.description == "nothing is called data.trian; did you mean data.train?")
  }

  @Test func whatHasNotBegunIsMendedInPlace() async throws {
    defer { small.remove() }
    try await run(recipe(), stopAfter: 0)
    for name in try Files.names(in: small.directory + "/run")
    where !["MANIFEST.json", "lock", "recipe.yaml", "tokenizer.model"].contains(name) {
      try remove("run/" + name)
    }
    try small.write("prompt.txt", "{question} =\n")
    try await run(recipe("train.beta=0.5"), stopAfter: 2)
    #expect(try manifest().changes.isEmpty)
    #expect(try manifest()["prompt"] == FileDigest(of: try bytes("prompt.txt")))
  }
}

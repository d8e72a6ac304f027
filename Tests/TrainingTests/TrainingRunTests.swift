import Evaluation
import Formats
import Foundation
import Recipes
import Rewards
import Synchronization
import TestSupport
import Testing
import Tokenization
import Training

/// The run as a whole: the same bytes for any thread count, memory budget or interruption.
@Suite(.inTurn) struct TrainingRunTests {
  /// What a run leaves, without what depends on the clock.
  struct Outcome: Equatable {
    var metrics: [JSONObject]
    var completions: [UInt8]
    var weights: [UInt8]
    var warmStart: [UInt8]

    init(_ path: String) throws {
      func bytes(_ name: String) throws -> [UInt8] {
        try Files.read(path + "/" + name, maximumBytes: 1 << 26)
      }
      metrics = try JSONLines.lines(bytes("metrics.jsonl"), file: "metrics.jsonl").map { line in
        JSONObject(
          line.object.entries.filter {
            $0.key != "step_time" && !$0.key.hasPrefix("time/")
          }.map { ($0.key, $0.value) })
      }
      completions = try bytes("completions.jsonl")
      weights = try bytes("model/model.safetensors")
      warmStart = try bytes("warm-start/model/model.safetensors")
    }
  }

  private func run(
    _ recipe: Recipe, threads: Int = 2, isCancelled: @escaping () -> Bool = { false }
  ) async throws -> Outcome {
    _ = try await TrainingRun(recipe, threads: threads, isCancelled: isCancelled).runAll()
    return try Outcome(recipe.output)
  }

  @Test func threadsAndMemoryDoNotChangeAByte() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let one = try await run(small.recipe("one"), threads: 1)
    #expect(try await run(small.recipe("two"), threads: 2) == one)
    #expect(try await run(small.recipe("three"), threads: 3) == one)
    // No memory for activations: nothing is kept, every question is a piece of its own. Drawn in
    // parts, nothing is kept either.
    for setting in ["train.activation_memory_megabytes=0", "train.scoring_parts=3"] {
      var found = try await run(small.recipe(setting, setting))
      // There every token is compared with the sampler's, instead of one completion in sixteen.
      for i in found.metrics.indices {
        #expect(
          found.metrics[i]["sampling/compared_tokens"]
            != one.metrics[i]["sampling/compared_tokens"])
        found.metrics[i]["sampling/compared_tokens"] = one.metrics[i]["sampling/compared_tokens"]
      }
      #expect(found == one)
    }
    #expect(try await run(small.recipe("seed", "seed=4")) != one)
  }

  /// Not after the warm start, or after all training.
  @Test func whatCannotBeExportedIsSaidBeforeTheFirstStep() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    var model = try SentencePieceModel(
      parsing: SentencePieceTokenizer.train(
        sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280)),
      file: "tokenizer.model")
    model.trainer.treatsWhitespaceAsSuffix = true
    model.normalizer.addsDummyPrefix = true
    let path = small.directory + "/suffix.model"
    try Files.writeAtomically(model.serialized(), to: path)
    let recipe = try small.recipe("run", "tokenizer={ path: \(path) }")
    let run = try TrainingRun(recipe, threads: 1)
    await #expect(throws: TokenizerError.self) { _ = try await run.runAll() }
    #expect(!Files.exists(recipe.output + "/warm-start"))
    // A reward model is written with the same files.
    try small.write(
      "pairs.jsonl",
      (0..<16).map { "{\"prompt\": \"\($0)=\", \"chosen\": \"1\", \"rejected\": \"2\"}\n" }.joined()
    )
    let whole = try small.recipe("whole")
    _ = try await TrainingRun(whole, threads: 1).runWarmStart()
    var options = RewardModelFitting.Options()
    options.model = whole.output + "/warm-start/model"
    options.data = small.directory + "/pairs.jsonl"
    options.output = small.directory + "/judge"
    #expect(throws: Never.self) { _ = try RewardModelFitting(options) }
    try Files.writeAtomically(model.serialized(), to: options.model + "/tokenizer.model")
    #expect(throws: (any Error).self) { _ = try RewardModelFitting(options) }
  }

  @Test(arguments: [1, 4, 7]) func anInterruptedRunEndsWithTheSameBytes(step: Int) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let whole = try await run(small.recipe("whole"))
    let recipe = try small.recipe("parts")
    let steps = Mutex(0)
    let first = try TrainingRun(
      recipe, threads: 2,
      report: { event in
        if case .step(let step, _, _) = event { steps.withLock { $0 = step } }
      }, isCancelled: { steps.withLock { $0 } == step })
    await #expect(throws: TrainingError.self) { _ = try await first.runAll() }
    #expect(try await run(recipe, threads: 1) == whole)
  }

  @Test func aRunThatDiedBetweenCheckpointsEndsWithTheSameBytes() async throws {
    struct Death: Error {}
    let small = try SmallRecipe()
    defer { small.remove() }
    let whole = try await run(small.recipe("whole"))
    let recipe = try small.recipe("parts")
    let first = try TrainingRun(recipe, threads: 2)
    _ = try await first.runAll()
    // As though it had died after step 9's logs and before its checkpoint.
    for name in ["model", "checkpoints/step-000009"] {
      try FileManager.default.removeItem(atPath: recipe.output + "/" + name)
    }
    #expect(try await run(recipe) == whole)
  }

  @Test func theSamplerAgreesWithTheTrainerToTheBit() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let outcome = try await run(
      small.recipe("filtered", "train.top_k=9", "train.top_p=0.9", "train.temperature=1.3"))
    #expect(outcome.metrics.count == 9)
    for line in outcome.metrics {
      #expect(line["sampling/sampling_logp_difference/max"]?.double == 0)
    }
    #expect(outcome.metrics.contains { ($0["sampling/compared_tokens"]?.int ?? 0) > 0 })
  }

  @Test func theReferenceIsResetAtEveryOuterIteration() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let outcome = try await run(small.recipe("run"))
    #expect(outcome.metrics.map { $0["reference_resets"]?.int } == [1, 1, 1, 2, 2, 2, 3, 3, 3])
    // At one update a step the policy is still the reference just after a reset.
    let single = try await run(small.recipe("single", "train.num_iterations=1"))
    for (i, line) in single.metrics.enumerated() {
      let kl = try #require(line["kl"]?.double)
      #expect(i % 3 == 0 ? kl == 0 : kl > 0, "step \(i + 1): \(kl)")
      #expect(line["clip_ratio/region_mean"]?.double == 0)
    }
  }

  @Test func trainingRaisesTheReward() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try small.recipe(
      "long", "rewards=[{ name: contains, text: '7' }]", "train.steps_per_iteration=20",
      "train.learning_rate=3.0e-3", "train.checkpoint_steps=0", "evaluation=null")
    let outcome = try await run(recipe)
    func mean(_ lines: ArraySlice<JSONObject>) -> Double {
      lines.reduce(0) { $0 + ($1["reward"]?.double ?? 0) } / Double(lines.count)
    }
    let (first, last) = (mean(outcome.metrics.prefix(10)), mean(outcome.metrics.suffix(10)))
    #expect(last > first + 0.3, "from \(first) to \(last)")
  }

  @Test func aWarmStartEndsWhenItIsGoodEnough() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try small.recipe(
      "run", "warm_start.until_accuracy=0.15", "warm_start.steps=2000", "train=null")
    let ends = Mutex<[WarmStartResult]>([])
    let summary = try await TrainingRun(
      recipe, threads: 2,
      report: { event in
        if case .warmStarted(let result) = event { ends.withLock { $0.append(result) } }
      }
    ).runAll()
    let path = recipe.output + "/warm-start/metrics.jsonl"
    let lines = try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path)
    let asked = lines.compactMap { $0.object["accuracy"]?.double }
    #expect(lines.count < 2000 && lines.count % 20 == 0)
    #expect(asked.count == lines.count / 20)
    #expect(asked.dropLast().allSatisfy { $0 < 0.15 } && (asked.last ?? 0) >= 0.15)
    let result = try #require(summary.warmStart)
    #expect(result.steps == lines.count && result.accuracy == asked.last)
    #expect(result.loss == lines.last?.object["loss"]?.double)
    #expect(result.questions == 100 && result.goal == 0.15 && result.findings.isEmpty)
    #expect(ends.withLock { $0 } == [result])
  }

  @Test func theAnswerTemplateIsWhatIsLearned() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    // Learns to repeat the question and to add a 7, as the template says.
    let recipe = try small.recipe(
      "run", "warm_start.answer='{question}7'", "rewards=[{ name: contains, text: '7' }]",
      "train=null",
      "evaluation.samples=1", "evaluation.k=[1]",
      "warm_start.steps=300")
    let summary = try await TrainingRun(recipe, threads: 2).runAll()
    #expect(summary.after?.greedy?.mean == 1)
  }

  @Test func anotherRecipeIsRefusedByItsKey() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    _ = try await run(small.recipe("run"))
    let other = try small.recipe("run", "train.beta=0.03")
    let error = await #expect(throws: TrainingError.self) { _ = try await run(other) }
    #expect("\(try #require(error))".contains("train.beta"))
  }

  @Test func failedRewardsEndTheRun() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    try small.write("data.jsonl", "{\"question\": \"1+1\", \"answer\": \"two\"}\n")
    // numeric_match cannot score against a reference that is no number.
    let recipe = try small.recipe("run", "rewards=[numeric_match]")
    let error = await #expect(throws: (any Error).self) { _ = try await run(recipe) }
    let text = "\(try #require(error))"
    #expect(text.contains("numeric_match"), "\(text)")
  }

  @Test func summaryComparesWithTheWarmStart() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let summary = try await TrainingRun(small.recipe("run"), threads: 2).runAll()
    #expect(summary.metrics.count == 9)
    let (before, after) = (try #require(summary.before), try #require(summary.after))
    #expect(before.count == 20 && after.count == 20)
    let difference = try #require(summary.gain?.difference?.mean)
    let (a, b) = (try #require(after.greedy?.mean), try #require(before.greedy?.mean))
    #expect(abs(difference - (a - b)) < 1e-12)
    #expect(after.sampled?.passAtK.map(\.k) == [1, 2])
  }

  /// Scores as exact_match does, and fails for test questions that begin with one of `digits`.
  private func failing(_ digits: String) -> [RewardSet.Entry] {
    let match = ExactMatch()
    return [
      .init(
        ClosureReward("picky") { completion in
          if completion.columns["held_out"] != nil, digits.contains(completion.prompt.prefix(1)) {
            throw ScoreFailure("no such \(completion.prompt.prefix(1))")
          }
          return try match.score(completion)
        })
    ]
  }

  /// One held-out question of each first digit.
  private func heldOut(_ small: SmallRecipe) throws -> Recipe {
    try small.write(
      "test.jsonl",
      (0..<10).map { "{\"question\": \"\($0)+1\", \"answer\": \"\($0 + 1)\", \"held_out\": 1}\n" }
        .joined())
    return try small.recipe(
      "held-out", "data.test=\(small.directory)/test.jsonl", "warm_start.steps=20")
  }

  @Test func aHeldOutQuestionWhoseScoreFailsCountsAsWrongAndEndsNothing() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let warnings = Mutex<[String]>([])
    let summary = try await TrainingRun(
      heldOut(small), threads: 2, rewards: failing("3"),
      report: { event in
        if case .warning(let text) = event { warnings.withLock { $0.append(text) } }
      }
    ).runAll()
    let after = try #require(summary.after)
    #expect(summary.failure == nil && summary.judge == "picky")
    // The greedy completion and two samples.
    #expect(after.unscored == 3 && after.failures.failed == 3 && after.failures.count == 30)
    #expect(after.greedyPerQuestion[3] == 0)
    #expect(
      warnings.withLock { $0 }.contains(
        "step 0: reward picky: 1 of 10 scores of the evaluation failed: no such 3"))
  }

  @Test func whereMoreThanATenthOfTheScoresFailTheTrainedRunIsSummedUpAndFails() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let summary = try await TrainingRun(
      heldOut(small), threads: 2, rewards: failing("37")
    ).runAll()
    #expect(
      summary.failure
        == .failed(
          reward: "picky", problem: "6 of 30 scores of the evaluation failed: no such 3"))
    #expect(summary.metrics.count == 9 && summary.after?.unscored == 6)
    #expect(summary.before?.failures.areMany == true)
  }

  /// A function that raises fails its whole batch: the questions that it can score are found.
  @Test func aBatchThatFailsIsAskedForInParts() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let summary = try await TrainingRun(
      heldOut(small), threads: 2, rewards: [.init(Raising(digits: "458"))]
    ).runAll()
    let after = try #require(summary.after)
    // The greedy completion and two samples of three questions.
    #expect(after.failures.failed == 9 && after.unscored == 9)
    #expect(after.failures.reason == "no such 4")
    #expect(summary.failure != nil)
  }

  private struct Raising: RewardFunction {
    let name = "raising"
    let digits: String

    func score(_ request: RewardRequest) async throws -> RewardResponse {
      let bad = request.completions.first { completion in
        completion.columns["held_out"] != nil && digits.contains(completion.prompt.prefix(1))
      }
      return RewardResponse(
        scores: request.completions.map { _ in
          bad.map { .failed("no such \($0.prompt.prefix(1))") } ?? .value(1)
        })
    }
  }
}

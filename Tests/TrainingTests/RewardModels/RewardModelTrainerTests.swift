import Formats
import Foundation
import Kernels
import LanguageModel
import PolicyOptimization
import Recipes
import Rewards
import TestSupport
import Testing
import Tokenization
import Training

@Suite(.inTurn) struct RewardModelTrainerTests {
  private static let configuration = ModelConfiguration(
    vocabularySize: 50, hiddenSize: 24, layers: 2, attentionHeads: 4, keyValueHeads: 2,
    headSize: 6, intermediateSize: 40, maximumPositions: 32, ropeTheta: 10_000,
    tiedEmbeddings: true, initializerRange: 0.1)

  private func trainer(
    threads: Int = 2, _ change: (inout RewardModelTrainer.Settings) -> Void = { _ in }
  ) -> RewardModelTrainer {
    var settings = RewardModelTrainer.Settings()
    settings.learningRate = 3e-3
    change(&settings)
    return RewardModelTrainer(
      RewardModel(from: Model(Self.configuration, seed: 1)),
      engine: Engine(
        Self.configuration, workers: Workers(count: threads), activationBytes: 1 << 28),
      settings: settings)
  }

  /// Completions that begin with 7 are preferred to the same with 8.
  private static let pairs: [PreferencePair] = (0..<64).map { number in
    let rest = [10 + number % 11, 22 + number % 7]
    return PreferencePair(
      prompt: [1, 3 + number % 5], chosen: [7] + rest, rejected: [8] + rest)
  }

  @Test func preferencesAreLearned() throws {
    let trainer = trainer()
    #expect(PreferenceStatistics(trainer.comparisons(Self.pairs))?.accuracy == 0.5)
    // All rewards are 0 at first.
    #expect(abs(trainer.update(Self.pairs) - 0.6931471805599453) < 1e-12)
    var loss = 0.0
    for _ in 0..<60 { loss = trainer.update(Self.pairs) }
    #expect(loss < 0.05)
    let unseen = (0..<20).map { number in
      PreferencePair(
        prompt: [1, 30 + number], chosen: [7, 40, number], rejected: [8, 40, number])
    }
    #expect(PreferenceStatistics(trainer.comparisons(unseen))?.accuracy == 1)
  }

  @Test func aMarginPushesRewardsFurtherApart() throws {
    func gap(margin: Double) -> Double {
      let trainer = trainer()
      let pairs = Self.pairs.map {
        PreferencePair(
          prompt: $0.prompt, chosen: $0.chosen, rejected: $0.rejected, margin: margin)
      }
      for _ in 0..<40 { _ = trainer.update(pairs) }
      return PreferenceStatistics(trainer.comparisons(pairs))?.gap ?? 0
    }
    #expect(gap(margin: 3) > gap(margin: 0) + 1)
  }

  @Test func centringKeepsRewardsNearZero() throws {
    func sum(centring: Double) -> Double {
      let trainer = trainer { $0.loss = PreferenceLoss(centring: centring) }
      // Comparisons alone would leave rewards around the 3 that scores have taught.
      let scored = Self.pairs.map {
        ScoredCompletion(prompt: $0.prompt, completion: $0.chosen, score: 3)
      }
      for _ in 0..<60 { _ = trainer.update(scored) }
      for _ in 0..<60 { _ = trainer.update(Self.pairs) }
      let found = trainer.comparisons(Self.pairs)
      return found.reduce(0) { $0 + abs($1.chosen + $1.rejected) } / Double(found.count)
    }
    #expect(sum(centring: 1) < 0.5 * sum(centring: 0))
  }

  @Test func scoresAreLearned() throws {
    let trainer = trainer()
    let scored = Self.pairs.flatMap {
      [
        ScoredCompletion(prompt: $0.prompt, completion: $0.chosen, score: 0.8),
        ScoredCompletion(prompt: $0.prompt, completion: $0.rejected, score: -0.4),
      ]
    }
    for _ in 0..<80 { _ = trainer.update(scored) }
    for (reward, wanted) in zip(trainer.rewards(scored), scored) {
      #expect(abs(reward - wanted.score) < 0.2)
    }
  }

  /// Scores whose squares overflow move nothing, and what comes after is learned as though they had
  /// not been there.
  @Test(arguments: [1e30, 1e200, -1e300]) func scoresThatOverflowMoveNothing(score: Double) {
    let trainers = [0, 1].map { _ in trainer { $0.maximumGradientNorm = 0 } }
    let large = Self.pairs.map {
      ScoredCompletion(prompt: $0.prompt, completion: $0.chosen, score: score)
    }
    _ = trainers[0].update(large)
    #expect(trainers[0].overflowCount == 1 && trainers[0].updateCount == 0)
    for trainer in trainers { _ = (trainer.update(Self.pairs), trainer.update(Self.pairs)) }
    #expect(trainers[0].overflowCount == 1 && trainers[0].updateCount == 2)
    let rewards = trainers.map { $0.rewards(large) }
    #expect(rewards[0] == rewards[1] && rewards[0].allSatisfy(\.isFinite))
  }

  @Test func threadsDoNotChangeAByte() {
    let weights = [1, 2, 3].map { (threads: Int) -> [Float] in
      let trainer = trainer(threads: threads)
      for _ in 0..<5 { _ = trainer.update(Self.pairs) }
      return trainer.model.parameters.layout.tensors.flatMap {
        trainer.model.parameters.values($0)
      } + trainer.model.head.values
    }
    #expect(weights[0] == weights[1] && weights[1] == weights[2])
  }
}

@Suite(.inTurn) struct ContinualRewardTests {
  /// Like `SmallRecipe`, with a reward model that an exact match teaches.
  private func recipe(_ small: SmallRecipe, _ output: String, _ settings: String...) throws
    -> Recipe
  {
    let common = [
      "rewards=[{ name: exact_match, weight: 0 }]",
      "reward_model={ labeller: exact_match, questions: 40, num_generations: 4, steps: 10, "
        + "batch_size: 16, learning_rate: 1.0e-3, replay_share: 0.25, replay_size: 20 }",
    ]
    return try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/" + output)]
        + (common + settings).compactMap { RecipeOverride(assignment: $0) })
  }

  private func lessons(of recipe: Recipe) throws -> [JSONObject] {
    try JSONLines.lines(
      Files.read(recipe.output + "/metrics.jsonl", maximumBytes: 1 << 26), file: "metrics"
    ).map(\.object)
  }

  @Test func itLearnsAfterEachIterationAndIsOneReward() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try recipe(small, "run")
    _ = try await TrainingRun(recipe, threads: 2).runAll()
    let lines = try lessons(of: recipe)
    #expect(lines.count == 9)
    let pairs = lines.map { $0["reward_model/pairs"]?.double ?? 0 }
    // Three iterations of three steps: each lesson stands in the lines until the next.
    #expect(pairs[0] > 0 && pairs[0] == pairs[2] && pairs[3] == pairs[5])
    #expect(lines[0]["reward_model/agreement"]?.double == 0.5)
    #expect(lines[3]["reward_model/agreement"]?.double != 0.5)
    #expect(lines[0]["reward_model/old_accuracy"] == nil)
    #expect(lines[3]["reward_model/old_accuracy"]?.double != nil)
    #expect(lines[3]["reward_model/drift"]?.double ?? 0 > 0)
    #expect(lines.allSatisfy { $0["rewards/reward_model/mean"]?.double != nil })
    // What it is worth is what the policy is trained on.
    #expect(lines[1]["reward"]?.double == lines[1]["rewards/reward_model/mean"]?.double)

    let model = try RewardModel(directory: recipe.output + "/reward-model")
    #expect(model.head.values.contains { $0 != 0 })
    let learned = try LearnedReward(directory: recipe.output + "/reward-model")
    #expect(learned.name == "reward-model")
    let completion = Completion(
      prompt: "1+2=", text: "3", tokenIDs: [1], finishReason: .stop)
    let scores = try await learned.score(
      RewardRequest(step: 0, completions: [completion])
    ).scores
    #expect(scores.first?.total?.isFinite == true)
  }

  @Test func aFrozenOneLearnsOnce() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try recipe(
      small, "run", "reward_model.continuous=false", "reward_model.replay_share=null",
      "reward_model.replay_size=null")
    _ = try await TrainingRun(recipe, threads: 2).runAll()
    let lines = try lessons(of: recipe)
    #expect(Set(lines.map { $0["reward_model/loss"]?.double }).count == 1)
    #expect(lines.allSatisfy { $0["reward_model/drift"] == nil })
  }

  @Test(arguments: [2, 3, 4]) func anInterruptedRunEndsWithTheSameBytes(step: Int) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let whole = try recipe(small, "whole")
    _ = try await TrainingRun(whole, threads: 1).runAll()
    let parts = try recipe(small, "parts")
    let counter = StepCounter()
    let first = try TrainingRun(
      parts, threads: 2, report: { if case .step(let step, _, _) = $0 { counter.step = step } },
      isCancelled: { counter.step == step })
    await #expect(throws: TrainingError.self) { _ = try await first.runAll() }
    _ = try await TrainingRun(parts, threads: 3).runAll()
    #expect(
      try TrainingRunTests.Outcome(parts.output) == TrainingRunTests.Outcome(whole.output))
    func weights(_ recipe: Recipe) throws -> [UInt8] {
      try Files.read(recipe.output + "/reward-model/model.safetensors", maximumBytes: 1 << 26)
    }
    #expect(try weights(parts) == weights(whole))
    // As though it had died between the two models.
    try FileManager.default.removeItem(atPath: parts.output + "/model")
    _ = try await TrainingRun(parts, threads: 2).runAll()
    #expect(try weights(parts) == weights(whole))
    #expect(
      try TrainingRunTests.Outcome(parts.output) == TrainingRunTests.Outcome(whole.output))
  }

  /// The lesson before step 4 is held by the checkpoint that a failing step leaves, and is not
  /// given twice.
  @Test func aStepThatFailsAfterItsLessonIsMadeAgain() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let flag = small.directory + "/fails"
    try small.write(
      "score.py",
      """
      import json, os, sys
      for line in sys.stdin:
          request = json.loads(line)
          count = len(request["completions"])
          fails = request["step"] == 4 and os.path.exists("\(flag)")
          reply = {"error": "no"} if fails else {"rewards": [0.5] * count}
          print(json.dumps({**reply, "id": request["id"]}), flush=True)
      """)
    let scores =
      "rewards=[{ name: exact_match, weight: 0 }, "
      + "{ command: [python3, \(small.directory)/score.py], weight: 0 }]"
    let whole = try recipe(small, "whole", scores)
    _ = try await TrainingRun(whole, threads: 2).runAll()
    let parts = try recipe(small, "parts", scores)
    try small.write("fails", "")
    let error = await #expect(throws: TrainingError.self) {
      _ = try await TrainingRun(parts, threads: 2).runAll()
    }
    #expect("\(try #require(error))".hasPrefix("step 4: 20 of 20 rewards failed"))
    #expect(try lessons(of: parts).count == 3)
    try FileManager.default.removeItem(atPath: flag)
    _ = try await TrainingRun(parts, threads: 2).runAll()
    #expect(
      try TrainingRunTests.Outcome(parts.output) == TrainingRunTests.Outcome(whole.output))
  }

  @Test func aLabellerThatFailsEndsTheRun() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    // numeric_match cannot label against a reference that is no number.
    try small.write("data.jsonl", "{\"question\": \"1+1\", \"answer\": \"two\"}\n")
    let recipe = try recipe(
      small, "run", "reward_model.labeller=numeric_match", "reward_model.questions=1")
    let error = await #expect(throws: TrainingError.self) {
      _ = try await TrainingRun(recipe, threads: 2).runAll()
    }
    let text = "\(try #require(error))"
    #expect(text.hasPrefix("before step 1: 4 of 4 labels for the reward model failed: "), "\(text)")
  }

  @Test func preferencesOfPeopleTeachIt() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let lines = (0..<30).map {
      "{\"prompt\": \"\($0 % 10)+1=\", \"chosen\": \"\($0 % 10 + 1)\", \"rejected\": \"x\"}"
    }
    try small.write("preferences.jsonl", lines.joined(separator: "\n"))
    let recipe = try recipe(
      small, "run",
      "reward_model={ preferences: \(small.directory)/preferences.jsonl, questions: 20, steps: 30, "
        + "batch_size: 16, learning_rate: 1.0e-3 }")
    _ = try await TrainingRun(recipe, threads: 2).runAll()
    let last = try #require(try lessons(of: recipe).last)
    #expect(last["reward_model/pairs"]?.double == 20)
    #expect(last["reward_model/fresh_accuracy"]?.double == 1)
  }

  private final class StepCounter: @unchecked Sendable {
    var step = 0
  }
}

import Formats
import Foundation
import PolicyOptimization
import Recipes
import Rewards
import Synchronization
import TestSupport
import Testing
import Training

/// `explain` shows the step that the run makes next: the same numbers as its logs have of it.
@Suite(.inTurn) struct ExplainedStepTests {
  /// What an objective reads of a token and says to it.
  private struct TokenLine: Equatable {
    var logProb, oldLogProb: Double
    var referenceLogProb, entropy: Double?
    var ratio, advantage: Double
    var isClipped: Bool
    var coefficient: Double
  }

  private static func line(_ token: Explanation.Token) -> TokenLine {
    TokenLine(
      logProb: token.logProb, oldLogProb: token.oldLogProb,
      referenceLogProb: token.referenceLogProb, entropy: token.entropy, ratio: token.ratio,
      advantage: token.advantage, isClipped: token.isClipped, coefficient: token.coefficient)
  }

  /// An objective that remembers, step by step, all that it was asked.
  private struct Recorded: Objective {
    var objective: any Objective
    let calls = Calls()

    final class Calls: Sendable {
      /// Of each step the tokens of every call, completion by completion.
      let ofSteps = Mutex<[[[[TokenLine]]]]>([[]])
    }

    var needs: Set<ObjectiveNeed> { objective.needs }

    var adaptiveState: [String: Double] {
      get { objective.adaptiveState }
      set { objective.adaptiveState = newValue }
    }

    mutating func adapt(to measurement: PolicyMeasurement, completions: Int) {
      objective.adapt(to: measurement, completions: completions)
    }

    func tokenTerms(of batch: ObjectiveBatch) -> TokenTerms { objective.tokenTerms(of: batch) }

    func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
      let (result, terms) = (objective(batch), objective.tokenTerms(of: batch))
      let lines = batch.completions.map { tokens in
        tokens.map { t in
          TokenLine(
            logProb: batch.logProb[t], oldLogProb: batch.oldLogProb[t],
            referenceLogProb: batch.referenceLogProb?[t], entropy: batch.entropy?[t],
            ratio: terms.ratio[t], advantage: batch.advantage[t], isClipped: terms.isClipped[t],
            coefficient: result.dLogProb[t])
        }
      }
      calls.ofSteps.withLock { $0[$0.count - 1].append(lines) }
      return result
    }
  }

  /// A run of three steps, two an iteration, and what it was before each of them.
  private struct ThreeSteps {
    let small: SmallRecipe
    private let calls: Recorded.Calls
    private let settings: [String]
    private let rewards = [
      RewardSet.Entry(ClosureReward("length") { Double($0.text.utf8.count % 3) }),
      RewardSet.Entry(ClosureReward("ones") { $0.text.contains("1") ? 1 : 0 }, weight: 0.5),
    ]

    init(_ settings: [String]) async throws {
      small = try SmallRecipe()
      let start = try small.recipe("start", "warm_start.steps=30", "train=null", "evaluation=null")
      try await TrainingRun(start, threads: 1).runWarmStart()
      let common = [
        "model={ path: \(start.output)/warm-start/model }", "tokenizer=null", "warm_start=null",
        "evaluation=null", "train.beta=null", "train.num_iterations=null",
        "train.questions_per_step=2", "train.steps_per_iteration=2", "train.checkpoint_steps=1",
      ]
      let own = settings.map { $0.prefix { $0 != "=" } }
      self.settings = common.filter { !own.contains($0.prefix { $0 != "=" }) } + settings
      let recipe = try Self.recipe("run", small, self.settings)
      let objective = Recorded(objective: try #require(recipe.train).axes.objective)
      calls = objective.calls
      for step in 1...3 {
        if step > 1 {
          try FileManager.default.copyItem(
            atPath: recipe.output, toPath: small.directory + "/before-\(step)")
        }
        var made = 0
        await #expect(throws: TrainingError.self) {
          try await TrainingRun(
            recipe, threads: 1, rewards: rewards, objective: objective,
            report: {
              guard case .step(let step, _, _) = $0 else { return }
              made = step
              objective.calls.ofSteps.withLock { $0.append([]) }
            },
            isCancelled: { made == step }
          ).runAll()
        }
      }
    }

    /// Whether an update of a step was made on just these numbers.
    func hasMadeUpdate(on completions: [[TokenLine]], inStep step: Int) -> Bool {
      calls.ofSteps.withLock { $0[step - 1] }.contains { call in
        call.indices.contains { call[$0...].prefix(completions.count).elementsEqual(completions) }
      }
    }

    private func recipe(_ output: String) throws -> Recipe {
      try Self.recipe(output, small, settings)
    }

    private static func recipe(
      _ output: String, _ small: SmallRecipe, _ settings: [String]
    ) throws -> Recipe {
      try Recipe(
        contentsOf: small.directory + "/recipe.yaml",
        overrides: [.output(small.directory + "/" + output)]
          + settings.compactMap { RecipeOverride(assignment: $0) })
    }

    var train: Recipe.Train { get throws { try #require(try recipe("run").train) } }

    /// The next step's question in a row of the data, as it was before step `step`.
    func explain(_ row: Int?, step: Int, updates: Int) async throws -> Explanation {
      let recipe = try recipe("before-\(step)")
      return try await TrainingRun(recipe, threads: 1, rewards: rewards)
        .explain(row: row, updates: updates)
    }

    func log(_ name: String, step: Int) throws -> [JSONObject] {
      let path = small.directory + "/run/\(name).jsonl"
      return try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path)
        .map(\.object).filter { $0["step"]?.int == step }
    }
  }

  /// The row of the data that has a question of `SmallRecipe`.
  private func row(_ line: JSONObject) throws -> Int {
    let digits = try #require(line["prompt"]?.string).compactMap(\.wholeNumberValue)
    return 10 * digits[0] + digits[1]
  }

  private func expectEqual(
    _ found: Double?, _ logged: JSON?, _ what: String,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    let (found, logged) = (try #require(found), try #require(logged?.double, "\(what)"))
    // The same numbers, in sums whose order the log does not have.
    #expect(
      abs(found - logged) <= 1e-12 * max(1, abs(logged)), "\(what): \(found) \(logged)",
      sourceLocation: location)
  }

  private func expectTheNextStep(_ run: ThreeSteps, step: Int) async throws {
    let train = try run.train
    let metrics = try #require(try run.log("metrics", step: step).first)
    let lines = try run.log("completions", step: step)
    let groups = try Dictionary(grouping: lines, by: row)
    var (losses, divergences, entropies): ([Double], [Double], [Double]) = ([], [], [])
    for update in 0..<train.axes.epochs {
      var parts: [[Explanation.Token]] = []
      for (row, lines) in groups {
        let found = try await run.explain(row, step: step, updates: update)
        #expect(found.step == step && found.updates == update && found.failure == nil)
        #expect(found.isInStep)
        let tokens = found.completions.map { $0.tokens.map(Self.line) }
        #expect(run.hasMadeUpdate(on: tokens, inStep: step), "step \(step), update \(update)")
        losses.append(found.loss)
        parts.append(found.completions.flatMap(\.tokens))
        #expect(found.completions.map(\.text) == lines.map { $0["completion"]?.string })
        for (completion, line) in zip(found.completions, lines) {
          #expect(
            completion.tokens.map(\.id) == line["token_ids"]?.array?.compactMap(\.int))
          for reward in completion.rewards {
            #expect(reward.value == line[reward.name]?.double)
          }
          let advantage = completion.tokens.reduce(0) { $0 + $1.advantage }
          try expectEqual(
            advantage / Double(completion.tokens.count), line["advantage"], "advantage")
        }
      }
      for part in train.axes.miniBatches == 1 ? [parts.flatMap { $0 }] : parts {
        let count = Double(part.count)
        divergences.append(part.reduce(0) { $0 + ($1.kl ?? 0) } / count)
        entropies.append(part.reduce(0) { $0 + ($1.entropy ?? 0) } / count)
      }
    }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    try expectEqual(mean(losses), metrics["loss"], "loss")
    if !train.axes.masksTruncatedCompletions {
      try expectEqual(mean(entropies), metrics["entropy"], "entropy")
      if let kl = metrics["kl"] { try expectEqual(mean(divergences), kl, "kl") }
    }
  }

  @Test(arguments: Recipe.Algorithm.allCases)
  func itIsEveryPresets(_ algorithm: Recipe.Algorithm) async throws {
    let axes = algorithm.axes(maxCompletionTokens: 4)
    let run = try await ThreeSteps(
      [
        "train.algorithm=\(algorithm.rawValue)",
        "train.questions_per_step=\(max(2, axes.miniBatches))",
      ] + (axes.update == .adam ? [] : ["train.learning_rate=null"]))
    defer { run.small.remove() }
    // At the boundary of an iteration, in the middle of one, and at the next boundary.
    for step in 1...3 { try await expectTheNextStep(run, step: step) }
  }

  @Test(arguments: [
    ["train.num_mini_batches=2"],
    ["train.num_mini_batches=2", "train.num_iterations=2", "train.scale_rewards=batch"],
    [
      "reward_model={ labeller: { name: length_band, max: 2 }, questions: 20, num_generations: 4, "
        + "steps: 5, batch_size: 16, learning_rate: 1.0e-2 }"
    ],
    ["train.beta=0.1", "train.kl_estimator=k1", "train.num_iterations=2"],
    ["train.beta=0.1", "train.kl_estimator=exact", "train.kl_direction=reference-to-policy"],
    ["train.dynamic_sampling_rounds=2"],
  ])
  func itIsOfEveryKind(_ settings: [String]) async throws {
    let run = try await ThreeSteps(settings)
    defer { run.small.remove() }
    for step in 1...3 { try await expectTheNextStep(run, step: step) }
  }

  @Test func aQuestionThatIsNotInTheStepTakesThePlaceOfItsFirst() async throws {
    let run = try await ThreeSteps([])
    defer { run.small.remove() }
    let rows = Set(try run.log("completions", step: 2).map(row))
    let other = try #require((0..<100).first { !rows.contains($0) })
    let found = try await run.explain(other, step: 2, updates: 0)
    #expect(!found.isInStep)
    #expect(found.prompt == "\(other / 10)+\(other % 10)=")
    #expect(found.row == other)
  }

  /// Of several the first.
  @Test func withoutANumberTheQuestionWhoseRewardsDifferMostIsShown() async throws {
    let run = try await ThreeSteps(["train.questions_per_step=5"])
    defer { run.small.remove() }
    for step in 1...3 {
      let lines = try run.log("completions", step: step)
      let groups = stride(from: 0, to: lines.count, by: 4).map { Array(lines[$0..<$0 + 4]) }
      let variances = try groups.map { lines in
        let rewards = try lines.map { try #require($0["reward"]?.double) }.sorted()
        let mean = rewards.reduce(0, +) / 4
        return rewards.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      }
      let largest = try #require(variances.max())
      let telling = try #require(variances.firstIndex(of: largest))
      let found = try await run.explain(nil, step: step, updates: 0)
      #expect(found.isInStep && found.stepQuestions == 5)
      #expect(found.row == (try row(groups[telling][0])), "step \(step)")
      #expect(found.stepQuestionsWithoutEffect == variances.count { $0 == 0 })
      #expect(found.teachesNothing == (largest == 0))
    }
  }

  /// What an update is said to do is what the next one begins with.
  @Test func theLogProbsAfterAnUpdateAreThoseBeforeTheNext() async throws {
    let run = try await ThreeSteps([])
    defer { run.small.remove() }
    let row = try await run.explain(nil, step: 2, updates: 0).row
    var moved = 0
    for updates in 0...2 {
      let found = try await run.explain(row, step: 2, updates: updates)
      let next = try await run.explain(row, step: 2, updates: updates + 1)
      for (completion, later) in zip(found.completions, next.completions) {
        #expect(completion.tokens.map(\.nextLogProb) == later.tokens.map(\.logProb))
        #expect(completion.nextLogProb == later.logProb)
        if completion.nextLogProb != completion.logProb { moved += 1 }
      }
    }
    #expect(moved > 0)
  }

  @Test func aStepWhoseRewardsAreEqualTeachesNothing() async throws {
    let run = try await ThreeSteps(["train.beta=0.1"])
    defer { run.small.remove() }
    let recipe = try run.small.recipe(
      "equal", "model={ path: \(run.small.directory)/start/warm-start/model }", "tokenizer=null",
      "warm_start=null", "evaluation=null")
    let found = try await TrainingRun(
      recipe, threads: 1, rewards: [.init(ClosureReward("same") { _ in 0.5 })]
    ).explain(row: nil, updates: 1)
    #expect(found.teachesNothing)
    #expect(found.stepQuestionsWithoutEffect == 5 && found.stepQuestions == 5)
  }

  @Test func nothingOfTheRunChanges() async throws {
    let run = try await ThreeSteps([])
    defer { run.small.remove() }
    let folder = run.small.directory + "/before-3"
    func content() throws -> [String: [UInt8]] {
      var files: [String: [UInt8]] = [:]
      for name in try FileManager.default.subpathsOfDirectory(atPath: folder)
      where Files.size("\(folder)/\(name)") != nil {
        files[name] = try Files.read("\(folder)/\(name)", maximumBytes: 1 << 26)
      }
      return files
    }
    let before = try content()
    _ = try await run.explain(nil, step: 3, updates: 1)
    #expect(try content() == before)
  }
}

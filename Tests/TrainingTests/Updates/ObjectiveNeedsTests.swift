import Formats
import Foundation
import Kernels
import LanguageModel
import PolicyOptimization
import Recipes
import Rewards
import Runs
import Synchronization
import Testing
import Training

/// What is computed for an objective from outside is what it asks for.
@Suite struct ObjectiveNeedsTests {
  /// Learns nothing but the divergences it is given, and remembers which columns those batches had.
  private struct Reading: Objective {
    var needs: Set<ObjectiveNeed>
    let seen = Seen()

    final class Seen: Sendable {
      let columns = Mutex<[Set<String>]>([])
    }

    func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
      let columns: [(String, [Double]?)] = [
        ("reference", batch.referenceLogProb), ("klReference", batch.klReference),
        ("klOld", batch.klOld), ("value", batch.value), ("valueTarget", batch.valueTarget),
      ]
      seen.columns.withLock { $0.append(Set(columns.compactMap { $1 == nil ? nil : $0 })) }
      let tokens = Double(batch.mask.count { $0 })
      return ObjectiveResult(
        loss: (batch.klReference ?? []).reduce(0, +) / tokens,
        dLogProb: batch.advantage.map { -$0 / tokens },
        dKLReference: batch.klReference?.map { _ in 1 / tokens },
        metrics: [Metric(Metric.Name("kl_mean"), (batch.klReference ?? []).reduce(0, +) / tokens)])
    }
  }

  private static let configuration = ModelConfiguration(
    vocabularySize: 12, hiddenSize: 8, layers: 1, attentionHeads: 2, keyValueHeads: 1, headSize: 4,
    intermediateSize: 12, maximumPositions: 8, tiedEmbeddings: true, initializerRange: 0.3)

  private static func settings(_ objective: any Objective) -> PolicyTrainer.Settings {
    var train = Recipe.Train()
    (train.stepsPerIteration, train.axes.epochs) = (10, 2)
    (train.optimizer.learningRate, train.optimizer.maximumGradientNorm) = (1e-2, 0)
    return PolicyTrainer.Settings(train, seed: 0, objective: objective)
  }

  /// The trainer after a step on four completions, and the step's updates.
  private func step(
    _ settings: PolicyTrainer.Settings
  ) async throws -> (PolicyTrainer, [UpdateReport]) {
    let trainer = PolicyTrainer(
      engine: Engine(
        Self.configuration, workers: Workers(count: 1), activationBytes: 1 << 20),
      policy: Parameters(Self.configuration, seed: 3), settings: settings)
    let completions = (0..<4).map { TokenBatch.Completion(tokens: [4 + $0, 3, 2]) }
    _ = trainer.moveReference(before: 0)
    let report = try await trainer.step(
      Rollout(
        step: 0, given: [.init(prompt: [1, 5], completions: completions)],
        rewards: [[0, 1, 2, 4]], under: trainer))
    return (trainer, report.updates)
  }

  @Test(
    arguments: [
      ([], []), ([.referenceLogProb], ["reference"]),
      ([.exactKL(.policyToReference)], ["klReference"]),
      ([.exactKL(.oldToPolicy), .exactKL(.referenceToPolicy)], ["klReference", "klOld"]),
    ] as [(Set<ObjectiveNeed>, Set<String>)])
  func aBatchHasWhatIsAskedForAndNothingElse(
    needs: Set<ObjectiveNeed>, columns: Set<String>
  ) async throws {
    let objective = Reading(needs: needs)
    let (trainer, updates) = try await step(Self.settings(objective))
    #expect(objective.seen.columns.withLock { $0 } == [columns, columns])
    #expect((trainer.reference != nil) == needs.includeReference)
    #expect(!updates.contains { $0.skipped })
  }

  /// At the first update the policy is the reference; at the second it has left it, and an exact
  /// divergence in the other direction is another number.
  @Test func anExactDivergenceIsMeasuredInItsDirection() async throws {
    func divergences(_ divergence: KLDivergence) async throws -> [Double] {
      let (_, updates) = try await step(
        Self.settings(Reading(needs: [.exactKL(divergence)])))
      return updates.map { $0.metrics[0].value }
    }
    let there = try await divergences(.policyToReference)
    let back = try await divergences(.referenceToPolicy)
    #expect(there[0] == 0 && back[0] == 0 && there[1] > 1e-6 && back[1] > 1e-6)
    #expect(abs(there[1] - back[1]) > 1e-9)
  }

  /// A trust region asks for the divergence that it bounds, whatever the objective needs.
  @Test func anUpdateRuleAndShapingHaveNeedsOfTheirOwn() {
    var settings = Self.settings(Reading(needs: [.values]))
    var region = Recipe.TrustRegionUpdate()
    region.divergence = .policyToOld
    settings.train.axes.update = .trustRegion(region)
    #expect(settings.needs == [.values, .exactKL(.policyToOld)])
    settings.train.axes.shaping.klCoefficient = 0.1
    #expect(settings.needs == [.values, .exactKL(.policyToOld), .referenceLogProb])
    (settings.train.axes.shaping.klCoefficient, settings.train.axes.shaping.tokenCost) = (0, 0.1)
    #expect(!settings.needs.includeReference)
  }

  /// A run keeps a reference for an objective that asks for one, and says so in its metrics.
  @Test(arguments: [false, true])
  func aRunHasAReferenceIfItsObjectiveAsks(asks: Bool) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try small.recipe(
      "run", "warm_start.steps=1", "evaluation=null", "train.steps_per_iteration=1",
      "train.outer_iterations=1")
    let run = try TrainingRun(
      recipe, threads: 1, objective: Reading(needs: asks ? [.exactKL(.policyToReference)] : []))
    let line = try #require(try await run.runAll().metrics.last)
    #expect((line[.referenceResets]?.int == 1) == asks)
    let checkpoint = run.run.checkpoints.directory + "/step-000001"
    #expect(Files.exists(checkpoint + "/model.safetensors"))
    #expect(Files.exists(checkpoint + "/reference.safetensors") == asks)
  }

  /// A value function on the policy's transformer is fitted beside any objective.
  @Test func anObjectiveFromOutsideLeavesTheValueFunctionItsLoss() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try small.recipe(
      "run", "warm_start.steps=1", "evaluation=null", "train.steps_per_iteration=2",
      "train.outer_iterations=1", "train.advantage=advantage", "train.value={ model: policy }")
    let length = ClosureReward("length") { Double($0.tokenIDs.count) }
    let run = try TrainingRun(
      recipe, threads: 1, rewards: [.init(length)], objective: Reading(needs: []))
    let lines = try await run.runAll().metrics
    #expect(lines.count == 2)
    #expect(lines.allSatisfy { ($0["value_loss"]?.double ?? 0) > 0 })
  }

  @Test(
    arguments: [
      ([.values], "the objective needs values, and the recipe has no value function"),
      (
        [.exactKL(.oldToPolicy), .exactKL(.policyToOld)],
        "the objective needs an exact divergence in both directions between two policies"
      ),
    ] as [(Set<ObjectiveNeed>, String)])
  func whatNoBatchCanHaveIsRefused(needs: Set<ObjectiveNeed>, problem: String) async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let run = try TrainingRun(
      try small.recipe("run", "warm_start.steps=1", "evaluation=null"), threads: 1,
      objective: Reading(needs: needs))
    let error = await #expect(throws: TrainingError.self) { _ = try await run.runAll() }
    #expect(error?.description == problem)
  }

  /// An estimator from outside is asked for its needs as an objective is.
  @Test func greedyCompletionsAreDrawnForAnEstimatorFromOutside() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try small.recipe(
      "run", "warm_start.steps=1", "evaluation=null", "train.steps_per_iteration=1",
      "train.outer_iterations=1")
    let length = RewardSet.Entry(ClosureReward("length") { Double($0.tokenIDs.count) })
    _ = try await TrainingRun(
      recipe, threads: 1, rewards: [length], advantage: GreedyBaselineAdvantage()
    ).runAll()
    let path = recipe.output + "/completions.jsonl"
    let own = try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path).map {
      $0.object["advantage"]?.double
    }
    // Rewards are whole numbers, and so are their differences from the greedy completion's.
    #expect(own.count == 20 && own.allSatisfy { $0 == $0?.rounded() } && Set(own).count > 1)
  }

  @Test func anEstimatorThatNeedsValuesIsRefusedWithoutAValueFunction() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let run = try TrainingRun(
      try small.recipe("run", "warm_start.steps=1", "evaluation=null"), threads: 1,
      advantage: PolicyGradientWeight(form: .advantage))
    let error = await #expect(throws: TrainingError.self) { _ = try await run.runAll() }
    #expect(
      error?.description == "the advantage needs values, and the recipe has no value function")
  }
}

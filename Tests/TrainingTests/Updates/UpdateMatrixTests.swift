import Kernels
import LanguageModel
import PolicyOptimization
import Recipes
import Sampling
import Testing
import Training

/// Every preset on batches that move nothing, or only in part, with and without activations that were
/// kept.
///
/// Mini-batches share the memory of activations, and an update that is skipped leaves the policy where
/// it was: what was kept must then be known to be another part's. Whether it is shows in the bits: an
/// engine that keeps nothing computes everything again.
@Suite struct UpdateMatrixTests {
  enum Batch: CaseIterable {
    case allZero, allOne, oneMissing, oneToken, oneQuestion

    var questions: Int { self == .oneQuestion ? 1 : 4 }
    var maximumTokens: Int { self == .oneToken ? 1 : 5 }

    /// What completion `number` of the step earns; nil where it has no reward.
    func reward(_ number: Int, _ tokens: [Int]) -> Double? {
      switch self {
      case .allZero: 0
      case .allOne: 1
      case .oneMissing: number == 5 ? nil : Double(tokens[0] % 3)
      case .oneToken, .oneQuestion: Double((tokens[0] + number) % 2)
      }
    }
  }

  /// 4,624 numbers; heads of six are no multiple of a vector.
  private static let configuration = ModelConfiguration(
    vocabularySize: 40, hiddenSize: 16, layers: 2, attentionHeads: 2, keyValueHeads: 1,
    headSize: 6, intermediateSize: 24, maximumPositions: 16, tiedEmbeddings: true,
    initializerRange: 0.3)

  private static func settings(
    _ algorithm: Recipe.Algorithm, miniBatches: Int, passes: Int
  ) -> PolicyTrainer.Settings {
    var train = Recipe.Train()
    (train.algorithm, train.questionsPerStep, train.maxCompletionTokens) = (algorithm, 4, 5)
    train.axes = algorithm.axes(maxCompletionTokens: 5)
    (train.axes.miniBatches, train.axes.epochs) = (miniBatches, passes)
    (train.stepsPerIteration, train.optimizer.learningRate) = (3, 1e-2)
    return PolicyTrainer.Settings(train, seed: 1)
  }

  /// Three steps; the last policy, and what every update did.
  private func steps(
    _ settings: PolicyTrainer.Settings, _ batch: Batch, _ engine: Engine, start: Parameters
  ) async throws -> (policy: Parameters, updates: [UpdateReport]) {
    let policy = Parameters(Self.configuration)
    policy.buffer.copy(from: start.buffer)
    let trainer = PolicyTrainer(engine: engine, policy: policy, settings: settings)
    let sampler = Sampler(
      engine: engine, options: SamplingOptions(maximumTokens: batch.maximumTokens, eosIDs: [2]))
    let requests = (0..<batch.questions).map {
      Sampler.Request(prompt: [1, 3 + $0, 20], row: $0)
    }
    var updates: [UpdateReport] = []
    for step in 0..<3 {
      let drawn = try sampler.sample(
        policy, requests, completions: 4,
        draws: Draws(key: RandomKey(seed: 7, purpose: .sampling), step: step), keep: true)
      var numbers = (0...).makeIterator()
      let rewards = drawn.completions.map { samples in
        samples.map { batch.reward(numbers.next() ?? 0, $0.tokens) }
      }
      _ = trainer.moveReference(before: step)
      updates += try await trainer.step(
        Rollout(
          step: step, requests: requests, drawn: drawn, rewards: rewards,
          greedyRewards: rewards.map { $0.last ?? nil })
      ).updates
    }
    return (policy, updates)
  }

  private func numbers(_ policy: Parameters) -> [Float] {
    (0..<policy.buffer.count).map { policy.buffer[$0] }
  }

  @Test(arguments: Recipe.Algorithm.allCases)
  func whatWasKeptChangesNoBit(_ algorithm: Recipe.Algorithm) async throws {
    // One engine for all cases, so that each finds what the one before has left in its memory.
    func engine(activationBytes: Int) -> Engine {
      Engine(
        Self.configuration, workers: Workers(count: 1), activationBytes: activationBytes)
    }
    let (keeping, forgetful) = (engine(activationBytes: 1 << 26), engine(activationBytes: 0))
    let start = Parameters(Self.configuration, seed: 5)
    for batch in Batch.allCases {
      for (miniBatches, passes) in [(1, 1), (1, 3), (4, 1), (4, 3)] {
        let settings = Self.settings(algorithm, miniBatches: miniBatches, passes: passes)
        let (kept, updates) = try await steps(settings, batch, keeping, start: start)
        let (again, _) = try await steps(settings, batch, forgetful, start: start)
        let name = "\(batch), \(miniBatches) mini-batches, \(passes) passes"
        #expect(numbers(kept) == numbers(again), "\(name)")
        #expect(updates.count == 3 * passes * min(miniBatches, batch.questions), "\(name)")
        #expect(kept.isFinite(keeping.transformer.workers), "\(name)")
        let stands = numbers(kept) == numbers(start)
        #expect(stands == updates.allSatisfy(\.skipped), "\(name)")
      }
    }
  }
}

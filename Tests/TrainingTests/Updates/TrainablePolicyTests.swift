import Kernels
import LanguageModel
import PolicyOptimization
import Recipes
import Sampling
import TestSupport
import Testing
import Tokenization
import Training

/// A loop by hand makes the updates that a run makes.
@Suite struct TrainablePolicyTests {
  private let policy: Policy
  private let settings: PolicyTrainer.Settings

  init() throws {
    let tokenizer = try SentencePieceTokenizer(
      bytes: SentencePieceTokenizer.train(
        sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280)),
      name: "tokenizer.model")
    let configuration = ModelConfiguration(
      vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layers: 2, attentionHeads: 2,
      keyValueHeads: 1, headSize: 6, intermediateSize: 24, maximumPositions: 24,
      tiedEmbeddings: true, initializerRange: 0.3)
    policy = try Policy(Model(configuration, seed: 5), tokenizer)
    var train = Recipe.Train()
    train.axes = Recipe.Algorithm.grpo.axes(maxCompletionTokens: 5)
    (train.axes.epochs, train.optimizer.learningRate) = (2, 1e-2)
    settings = PolicyTrainer.Settings(train, seed: 1)
  }

  private var learner: TrainablePolicy {
    TrainablePolicy(policy, optimizer: settings.train.optimizer, threads: 2)
  }

  private func completions() throws -> [TextSampler.DrawnText] {
    let sampler = TextSampler(
      policy, options: SamplingOptions(topK: 50, maximumTokens: 5, eosIDs: policy.eosIDs))
    return try sampler.complete("1+1=", count: 4, seed: 7)
      + sampler.complete("2+3=", count: 4, seed: 7, row: 1)
  }

  private func weights(_ policy: Policy) throws -> [UInt8] { try policy.model.encodedWeights() }

  @Test func twoUpdatesAreThoseOfATrainersTwoEpochs() async throws {
    let completions = try completions()
    let rewards = completions.map { Double($0.drawn.tokens[0] % 3) }
    let groups = [Array(completions[..<4]), Array(completions[4...])]
    let engine = Engine(policy.model.configuration, threads: 1)
    let parameters = Parameters(policy.model.configuration, seed: 5)
    let trainer = PolicyTrainer(engine: engine, policy: parameters, settings: settings)
    let report = try await trainer.step(
      Rollout(
        step: 0,
        requests: groups.indices.map {
          Sampler.Request(prompt: groups[$0][0].promptIDs, row: $0)
        },
        drawn: Sampler.Result(completions: groups.map { $0.map(\.drawn) }, kept: nil),
        rewards: [Array(rewards[..<4]), Array(rewards[4...])]))

    let learner = learner
    var norms: [Double] = []
    for _ in 0..<2 {
      let batch = learner.batch(
        of: completions, advantages: report.advantages, reference: policy)
      norms.append(learner.update(along: settings.objective(batch), of: completions))
    }
    #expect(norms == report.updates.map(\.gradientNorm))
    #expect(norms.allSatisfy { $0 > 0 })
    let trained = Model(configuration: policy.model.configuration, parameters: parameters)
    #expect(try weights(learner.policy) == trained.encodedWeights())
    #expect(try weights(learner.policy) != weights(policy))
  }

  @Test func beforeAnUpdateThePolicyIsTheSamplersAndTheReference() throws {
    let completions = try completions()
    let advantages = Advantages(completions: completions.map { _ in .uniform(0.5) })
    let batch = learner.batch(of: completions, advantages: advantages, reference: policy)
    #expect(batch.logProb == batch.oldLogProb)
    #expect(batch.logProb == batch.referenceLogProb)
    #expect(batch.entropy == completions.flatMap { $0.drawn.entropies.map(Double.init) })
    #expect(batch.completions.map(\.count) == completions.map(\.drawn.tokens.count))
    #expect(batch.advantage.allSatisfy { $0 == 0.5 } && batch.mask.allSatisfy { $0 })
  }

  @Test func withoutAGradientNothingMoves() throws {
    let completions = try completions()
    let count = completions.reduce(0) { $0 + $1.drawn.tokens.count }
    let learner = learner
    let norm = learner.update(
      along: ObjectiveResult(loss: 1, dLogProb: Array(repeating: 0, count: count)),
      of: completions)
    #expect(norm == 0)
    #expect(try weights(learner.policy) == weights(policy))
  }

  @Test func aCopyOfThePolicyStaysAsItWas() throws {
    let completions = try completions()
    let count = completions.reduce(0) { $0 + $1.drawn.tokens.count }
    let learner = learner
    let before = learner.policy
    learner.update(
      along: ObjectiveResult(loss: 1, dLogProb: Array(repeating: -1, count: count)),
      of: completions)
    #expect(try weights(before) == weights(policy))
    #expect(try weights(learner.policy) != weights(policy))
  }
}

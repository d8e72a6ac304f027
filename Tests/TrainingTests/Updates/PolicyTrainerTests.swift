import Kernels
import LanguageModel
import PolicyOptimization
import Recipes
import Testing
import Training

/// What a step shows of its updates before they are made, and what becomes of the reference.
@Suite struct PolicyTrainerTests {
  private static let configuration = ModelConfiguration(
    vocabularySize: 12, hiddenSize: 8, layers: 1, attentionHeads: 2, keyValueHeads: 1, headSize: 4,
    intermediateSize: 12, maximumPositions: 8, tiedEmbeddings: true, initializerRange: 0.3)

  private func trainer(
    _ objective: any Objective = PolicyObjective(klPenalty: KLPenalty(coefficient: 0.1)),
    epochs: Int = 1, miniBatches: Int = 1, reference: ReferenceSchedule = .reset
  ) -> PolicyTrainer {
    var train = Recipe.Train()
    (train.axes.epochs, train.axes.miniBatches) = (epochs, miniBatches)
    (train.axes.reference, train.stepsPerIteration) = (reference, 2)
    (train.optimizer.learningRate, train.optimizer.maximumGradientNorm) = (1e-2, 0)
    return PolicyTrainer(
      engine: Engine(
        Self.configuration, workers: Workers(count: 1), activationBytes: 1 << 20),
      policy: Parameters(Self.configuration, seed: 3),
      settings: PolicyTrainer.Settings(train, seed: 5, objective: objective))
  }

  /// Five questions with two completions of two and three tokens.
  private static func rollout(step: Int = 0, under trainer: PolicyTrainer) -> Rollout {
    let questions = (0..<5).map { question in
      TokenBatch.Question(
        prompt: [1, 3 + question],
        completions: [.init(tokens: [4 + question, 2]), .init(tokens: [5, 3 + question, 2])])
    }
    return Rollout(
      step: step, given: questions, rewards: (0..<5).map { [Double($0), 1.5] }, under: trainer)
  }

  private func updates(of trainer: PolicyTrainer, step: Int = 0) async throws -> [PendingUpdate] {
    var seen: [PendingUpdate] = []
    let report = try await trainer.step(
      Self.rollout(step: step, under: trainer), willUpdate: { seen.append($0) })
    #expect(report.updates.map(\.loss) == seen.map(\.result.loss))
    return seen
  }

  @Test func everyQuestionIsInOneMiniBatchOfAPass() async throws {
    let seen = try await updates(of: trainer(epochs: 2, miniBatches: 3))
    #expect(seen.map(\.index) == Array(0..<6))
    for pass in [seen[..<3], seen[3...]] {
      #expect(pass.flatMap(\.completions).sorted() == Array(0..<10))
    }
    // Two, two and one; both completions of a question stand together.
    #expect(seen.map(\.completions.count) == [4, 4, 2, 4, 4, 2])
    for update in seen {
      #expect(update.completions == update.completions.sorted())
      #expect(update.completions.allSatisfy { update.completions.contains($0 ^ 1) })
      #expect(update.inputs.completions.map(\.count) == update.completions.map { $0 % 2 + 2 })
    }
    #expect(seen[0].completions == seen[3].completions)
    let next = try await updates(of: trainer(miniBatches: 3), step: 1)
    #expect(next.map(\.completions) != seen.prefix(3).map(\.completions))
  }

  /// What is shown is what the policy says at that moment: at first that which drew, then another.
  @Test func anUpdateIsShownBeforeItIsMade() async throws {
    let seen = try await updates(of: trainer(epochs: 2))
    #expect(seen.count == 2 && seen[0].completions == Array(0..<10))
    #expect(seen[0].inputs.logProb == seen[0].inputs.oldLogProb)
    #expect(seen[1].inputs.logProb != seen[1].inputs.oldLogProb)
    #expect(seen[1].inputs.advantage == seen[0].inputs.advantage)
    for update in seen {
      let again = update.objective(update.inputs)
      #expect(again.loss == update.result.loss && again.dLogProb == update.result.dLogProb)
    }
  }

  @Test func whoLooksOnMayEndTheStepBeforeAnythingMoves() async throws {
    struct Enough: Error {}
    let trainer = trainer()
    let before = trainer.policy.buffer.lastWrite
    await #expect(throws: Enough.self) {
      _ = try await trainer.step(
        Self.rollout(under: trainer), willUpdate: { _ in throw Enough() })
    }
    #expect(trainer.policy.buffer.lastWrite == before && trainer.rule.updateCount == 0)
  }

  @Test func theReferenceFollowsAsScheduled() async throws {
    let trainer = trainer(reference: .mix(alpha: 0.25, steps: 2))
    let reference = try #require(trainer.reference?.parameters)
    func numbers(_ parameters: Parameters) -> [Float] {
      (0..<parameters.buffer.count).map { parameters.buffer[$0] }
    }
    #expect(trainer.moveReference(before: 0) && numbers(reference) == numbers(trainer.policy))
    _ = try await updates(of: trainer)
    let start = numbers(reference)
    #expect(!trainer.moveReference(before: 1) && numbers(reference) == start)
    #expect(numbers(trainer.policy) != start)
    #expect(trainer.moveReference(before: 2))
    let expected = zip(start, numbers(trainer.policy)).map { $0 + 0.25 * ($1 - $0) }
    // A rounding or two of numbers below 1.
    #expect(zip(numbers(reference), expected).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(numbers(reference) != start)
  }

  @Test func withoutANeedThereIsNoReferenceToMove() {
    let trainer = trainer(PolicyObjective())
    #expect(trainer.reference == nil && !trainer.moveReference(before: 0))
  }
}

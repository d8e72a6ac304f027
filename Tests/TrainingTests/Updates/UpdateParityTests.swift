import Formats
import Foundation
import Kernels
import LanguageModel
import PolicyOptimization
import Recipes
import TestSupport
import Testing
import Training

/// Whole GRPO updates on given rollouts against PyTorch in float64.
@Suite struct UpdateParityTests {
  static let folders = fixtureFolders("updates", bundle: .module)

  @Test func thereAreFixtures() { #expect(!Self.folders.isEmpty) }

  @Test(arguments: folders) func agreesWithPyTorch(folder: URL) async throws {
    func json(_ name: String) throws -> JSON {
      let path = folder.appendingPathComponent(name).path
      return try JSON(parsing: Files.read(path, maximumBytes: 1 << 28), file: path)
    }
    let rollouts = try json("rollouts.json")
    let expected = try #require(json("expected.json")["updates"]?.array)
    let settings = try #require(rollouts["settings"])
    let reset = try #require(settings["reference_reset_steps"]?.int)
    guard
      let trainerSettings = try Self.settings(
        settings, updates: expected.count, stepsPerIteration: reset)
    else {
      print("updates/\(folder.lastPathComponent): 1 case left out, its options do not exist yet")
      return
    }
    let model = try ModelDirectory.load(folder.path)
    let start = Parameters(model.configuration)
    start.buffer.copy(from: model.parameters.buffer)
    let trainer = PolicyTrainer(
      engine: Engine(
        model.configuration, workers: Workers(count: 2), activationBytes: 1 << 28),
      policy: model.parameters, settings: trainerSettings)
    var updates: [UpdateReport] = []
    for (step, given) in try #require(rollouts["steps"]?.array).enumerated() {
      #expect(trainer.moveReference(before: step) == (step % reset == 0))
      let done = try await trainer.step(
        Rollout(
          step: step, given: Self.questions(given), rewards: Self.rewards(given), under: trainer))
      updates += done.updates
      let wanted = try #require(expected[updates.count - 1]["advantages"]?.array)
        .flatMap { ($0.array ?? []).compactMap(\.double) }
      for (found, wanted) in zip(done.advantages.completions, wanted) {
        guard case .uniform(let value) = found else {
          Issue.record("not one advantage a completion")
          continue
        }
        #expect(abs(value - wanted) < 1e-12)
      }
    }
    #expect(updates.count == expected.count)

    var worst = (loss: 0.0, norm: 0.0, kl: 0.0, rate: 0.0, weights: 0.0)
    for (update, wanted) in zip(updates, expected) {
      let (loss, norm, kl, rate) = try (
        #require(wanted["loss"]?.double), #require(wanted["grad_norm"]?.double),
        #require(wanted["kl"]?.double), #require(wanted["learning_rate"]?.double)
      )
      let foundKL = try #require(update.metrics.first { $0.name == .kl }?.value)
      worst.loss = max(worst.loss, abs(update.loss - loss))
      worst.norm = max(worst.norm, abs(update.gradientNorm - norm) / norm)
      worst.kl = max(worst.kl, abs(foundKL - kl) / (2e-6 + 1e-4 * abs(kl)))
      worst.rate = max(worst.rate, abs(update.learningRate - rate))
    }
    // float32 forward and backward, double objective: rounding of single log-probs (1e-7) is what
    // the loss can be off by; over 20 updates Adam's normalisation amplifies gradient rounding.
    #expect(worst.loss < 2e-6)
    #expect(worst.norm < 1e-5)
    #expect(worst.kl <= 1)
    #expect(worst.rate < 1e-12)

    let path = folder.appendingPathComponent("final.safetensors").path
    let final = try Safetensors(bytes: Files.read(path, maximumBytes: 1 << 28), file: path)
    for tensor in start.layout.tensors {
      let wanted = try final.floats(#require(final.tensor(named: tensor.name)))
      let found = trainer.policy.values(tensor)
      let error = Self.distance(found, wanted) / Self.distance(wanted, start.values(tensor))
      worst.weights = max(worst.weights, error)
      #expect(error <= 1e-4, "\(tensor.name): \(error)")
    }
    print(
      "updates/\(folder.lastPathComponent): worst of \(updates.count) updates:",
      String(
        format:
          "loss %.1e, grad_norm %.1e, kl %.2f of its bound, learning rate %.1e, weights %.1e;",
        worst.loss, worst.norm, worst.kl, worst.rate, worst.weights), "0 cases left out")
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
      .squareRoot()
  }

  /// The trainer's settings, or nil where a fixture asks for what does not exist yet.
  private static func settings(
    _ json: JSON, updates: Int, stepsPerIteration: Int
  ) throws -> PolicyTrainer.Settings? {
    func number(_ key: String) throws -> Double { try #require(json[key]?.double) }
    guard json["loss_type"]?.string == "grpo", json["scale_rewards"]?.string == "group",
      json["weight_decay_on"]?.string == "matrices only, not norms",
      json["kl"]?.string == "k3, not ratio-weighted",
      json["schedule"]?.string == "linear warm-up ((u+1)/5), then cosine to 10 %"
    else { return nil }
    var train = Recipe.Train()
    train.axes.objective = PolicyObjective(
      surrogate: .clipped(
        ClippedSurrogate(
          epsilonLow: try number("epsilon"), epsilonHigh: try number("epsilon_high"))),
      klPenalty: KLPenalty(coefficient: try number("beta")))
    train.axes.epochs = Int(try number("num_iterations"))
    (train.stepsPerIteration, train.steps) = (stepsPerIteration, updates / train.axes.epochs)
    train.optimizer.learningRate = try number("learning_rate")
    train.optimizer.warmupUpdates = Int(try number("warmup_updates"))
    (train.optimizer.decay, train.optimizer.lowestRateRatio) = (.cosine, 0.1)
    train.optimizer.beta1 = try number("adam_beta1")
    train.optimizer.beta2 = try number("adam_beta2")
    train.optimizer.epsilon = try number("adam_epsilon")
    train.optimizer.weightDecay = try number("weight_decay")
    train.optimizer.maximumGradientNorm = try number("max_grad_norm")
    return PolicyTrainer.Settings(train, seed: 0)
  }

  /// The questions of a fixture's step.
  private static func questions(_ step: JSON) throws -> [TokenBatch.Question] {
    func ids(_ json: JSON?) throws -> [Int] { try #require(json?.array).compactMap(\.int) }
    return try #require(step.array).map { question in
      TokenBatch.Question(
        prompt: try ids(question["prompt_ids"]),
        completions: try #require(question["completion_ids"]?.array).map {
          TokenBatch.Completion(tokens: try ids($0))
        })
    }
  }

  private static func rewards(_ step: JSON) throws -> [[Double?]] {
    try #require(step.array).map { try #require($0["rewards"]?.array).map(\.double) }
  }
}

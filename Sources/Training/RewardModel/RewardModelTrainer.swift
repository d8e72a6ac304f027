internal import Datasets
internal import Formats
internal import Kernels
package import LanguageModel
package import PolicyOptimization

/// Fits a reward model: AdamW on comparisons or on given scores, clipped by the gradient's norm.
package final class RewardModelTrainer {
  package struct Settings: Sendable, Equatable {
    package var loss = PreferenceLoss()
    package var learningRate = 1e-4
    package var maximumGradientNorm = 1.0

    package init() {}
  }

  package let model: RewardModel
  private let engine: Engine
  private let settings: Settings
  private let gradient: Parameters
  private let optimizer: AdamW
  private let headOptimizer: ScalarHeadOptimizer
  /// Updates made so far.
  package private(set) var updateCount = 0

  package init(_ model: RewardModel, engine: Engine, settings: Settings) {
    (self.model, self.engine, self.settings) = (model, engine, settings)
    gradient = Parameters(model.configuration)
    optimizer = AdamW(count: model.parameters.buffer.count)
    headOptimizer = ScalarHeadOptimizer(model.head)
  }

  /// One update on some pairs; returns the loss before it.
  package func update(_ pairs: [PreferencePair]) -> Double {
    update(pairs.map(\.question)) { rewards in
      let result = settings.loss(
        pairs.indices.map {
          .init(
            chosen: rewards[2 * $0], rejected: rewards[2 * $0 + 1], margin: pairs[$0].margin)
        })
      return (result.loss, zip(result.dChosen, result.dRejected).flatMap { [$0, $1] })
    }
  }

  /// One update on some scores; returns the loss before it.
  package func update(_ scored: [ScoredCompletion]) -> Double {
    update(scored.map(\.question)) { rewards in
      let result = ScoreLoss()(rewards: rewards, scores: scored.map(\.score))
      return (result.loss, result.dReward)
    }
  }

  private func update(
    _ questions: [TokenBatch.Question], loss: ([Double]) -> (Double, [Double])
  ) -> Double {
    let batch = RewardModel.batch(questions)
    let places = RewardModel.places(in: batch)
    let forward = engine.values(model.parameters, batch, model.head, keep: true)
    let (loss, dReward) = loss(places.map { Double(forward.values[$0]) })
    var dValue = [Float](repeating: 0, count: batch.tokenCount)
    for (place, slope) in zip(places, dReward) { dValue[place] = Float(slope) }
    gradient.buffer.fill()
    model.head.gradient.buffer.fill()
    engine.backward(
      model.parameters, gradient: gradient, batch, dValue: dValue, temperature: 1,
      values: model.head, kept: forward.kept)
    let workers = engine.transformer.workers
    let (trunk, head) = (
      euclideanNorm(gradient.buffer, workers: workers),
      euclideanNorm(model.head.gradient.buffer, workers: workers)
    )
    let norm = (trunk * trunk + head * head).squareRoot()
    guard norm.isFinite, norm > 0, loss.isFinite else { return loss }
    updateCount += 1
    let scale = Float(min(1, settings.maximumGradientNorm / (norm + 1e-6)))
    optimizer.update(
      model.parameters.buffer, gradient: gradient.buffer, gradientScale: scale,
      update: updateCount, learningRate: settings.learningRate,
      coefficients: ScalarHeadOptimizer.adam, decayed: [], workers: workers)
    headOptimizer.update(
      count: updateCount, learningRate: settings.learningRate, gradientScale: scale,
      workers: workers)
    return loss
  }

  /// The rewards of some pairs' completions.
  package func comparisons(_ pairs: [PreferencePair]) -> [PreferenceLoss.Comparison] {
    var comparisons: [PreferenceLoss.Comparison] = []
    // Bounded, so that activations do not grow with the set.
    for start in stride(from: 0, to: pairs.count, by: 256) {
      let part = pairs[start..<min(start + 256, pairs.count)]
      let rewards = model.rewards(part.map(\.question), engine: engine)
      comparisons += part.enumerated().map { place, pair in
        .init(chosen: rewards[2 * place], rejected: rewards[2 * place + 1], margin: pair.margin)
      }
    }
    return comparisons
  }

  /// The rewards of some completions.
  package func rewards(_ scored: [ScoredCompletion]) -> [Double] {
    stride(from: 0, to: scored.count, by: 256).flatMap { start in
      model.rewards(
        scored[start..<min(start + 256, scored.count)].map(\.question), engine: engine)
    }
  }
}

// MARK: Checkpoints

extension RewardModelTrainer {
  private var trunkState: [(name: String, numbers: FloatBuffer)] {
    [
      ("reward_model", model.parameters.buffer),
      ("reward_first_moment", optimizer.firstMoment),
      ("reward_second_moment", optimizer.secondMoment),
    ]
  }

  private static let headFile = "reward_head.safetensors"

  func encodedParts() throws(FormatError) -> [(name: String, bytes: [UInt8])] {
    var files: [(name: String, bytes: [UInt8])] = []
    for part in trunkState {
      let view = Parameters(model.configuration, viewing: part.numbers)
      files.append((part.name + ".safetensors", try view.encoded()))
    }
    files.append((Self.headFile, try headOptimizer.encoded()))
    return files
  }

  func restore(updateCount: Int, _ read: (String) throws -> [UInt8]) throws {
    for part in trunkState {
      let file = part.name + ".safetensors"
      let view = Parameters(model.configuration, viewing: part.numbers)
      try view.load(Safetensors(bytes: try read(file), file: file), file: file)
    }
    try headOptimizer.restore(
      Safetensors(bytes: try read(Self.headFile), file: Self.headFile), file: Self.headFile)
    self.updateCount = updateCount
  }
}

internal import Datasets
internal import Formats
internal import Kernels
package import LanguageModel
package import PolicyOptimization

/// Fits a reward model: AdamW on comparisons or on given scores, clipped by the gradient's norm.
///
/// Updates that the rule of ``UpdateSignal`` refuses leave the model as it is.
package final class RewardModelTrainer {
  package struct Settings: Sendable, Equatable {
    package var loss: PreferenceLoss
    package var learningRate: Double
    package var maximumGradientNorm: Double

    package init(
      loss: PreferenceLoss = PreferenceLoss(), learningRate: Double = 1e-4,
      maximumGradientNorm: Double = 1
    ) {
      (self.loss, self.learningRate) = (loss, learningRate)
      self.maximumGradientNorm = maximumGradientNorm
    }
  }

  package let model: RewardModel
  private let engine: Engine
  private let settings: Settings
  private let gradient: Parameters
  /// Of the transformer, then of the head.
  private let optimizer: AdamOptimizer
  /// Updates that were refused since their numbers overflow.
  package private(set) var overflowCount = 0

  package init(_ model: RewardModel, engine: Engine, settings: Settings) {
    (self.model, self.engine, self.settings) = (model, engine, settings)
    gradient = Parameters(model.configuration)
    optimizer = AdamOptimizer(
      learningRate: settings.learningRate, maximumNorm: settings.maximumGradientNorm,
      counts: [model.parameters.buffer.count, model.head.weight.buffer.count])
  }

  /// Updates made so far.
  package var updateCount: Int { optimizer.updateCount }

  /// One update on some pairs; returns the loss before it.
  package func update(_ pairs: [PreferencePair]) -> Double {
    update(pairs.map(\.question)) { rewards in
      let result = settings.loss(comparisons(pairs, rewards))
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
    let batch = model.batch(questions)
    let tokens = RewardModel.lastTokens(of: batch)
    let done = optimizer.update(
      model.parameters, gradient: gradient, model.head, on: batch, engine
    ) { values in
      let (loss, dReward) = loss(tokens.map { Double(values[$0]) })
      var dValue = [Float](repeating: 0, count: batch.tokenCount)
      for (token, slope) in zip(tokens, dReward) { dValue[token] = Float(slope) }
      return (loss, dValue)
    }
    if done.refusal == .overflow { overflowCount += 1 }
    return done.loss
  }

  /// The rewards of some pairs' completions.
  package func comparisons(_ pairs: [PreferencePair]) -> [PreferenceLoss.Comparison] {
    comparisons(pairs, rewards(of: pairs.map(\.question)))
  }

  /// The rewards of some completions.
  package func rewards(_ scored: [ScoredCompletion]) -> [Double] {
    rewards(of: scored.map(\.question))
  }

  /// Questions are few at a time, so that activations do not grow with the set.
  private func rewards(of questions: [TokenBatch.Question]) -> [Double] {
    stride(from: 0, to: questions.count, by: 256).flatMap { start in
      model.rewards(Array(questions[start...].prefix(256)), engine: engine)
    }
  }

  private func comparisons(
    _ pairs: [PreferencePair], _ rewards: [Double]
  ) -> [PreferenceLoss.Comparison] {
    pairs.enumerated().map { index, pair in
      .init(chosen: rewards[2 * index], rejected: rewards[2 * index + 1], margin: pair.margin)
    }
  }
}

// MARK: Checkpoints

extension RewardModelTrainer {
  /// Everything that the next update depends on, beside how many were made.
  var tensorFiles: TensorFiles {
    let moments = optimizer.moments[0]
    return TensorFiles(
      configuration: model.configuration,
      parts: [
        ("reward_model", model.parameters.buffer), ("reward_first_moment", moments.firstMoment),
        ("reward_second_moment", moments.secondMoment),
      ], head: ("reward_head", ScalarHeadState(head: model.head, moments: optimizer.moments[1])))
  }

  func restore(updateCount: Int, _ read: (String) throws -> [UInt8]) throws {
    try tensorFiles.restore(read)
    optimizer.updateCount = updateCount
  }
}

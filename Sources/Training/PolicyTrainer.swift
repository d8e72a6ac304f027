package import Kernels
package import LanguageModel
package import PolicyOptimization

/// A policy, the reference it is held to, and the optimizer that moves it.
///
/// One GRPO step: π_old is what drew the completions; then, μ times, log π_θ of every token, the
/// objective's coefficients, the gradient, clipped by its norm, and AdamW.
package final class PolicyTrainer {
  package struct Settings: Sendable {
    package var objective: any Objective
    package var advantage: any AdvantageEstimator
    package var schedule: LearningRateSchedule
    package var adam: AdamW.Coefficients
    /// 0 leaves the gradient as it is.
    package var maximumGradientNorm: Double
    /// μ.
    package var updatesPerStep: Int
    package var temperature: Double
    /// Whether the objective asks for log π_ref.
    package var usesReference: Bool

    package init(
      objective: any Objective, advantage: any AdvantageEstimator,
      schedule: LearningRateSchedule, adam: AdamW.Coefficients, maximumGradientNorm: Double,
      updatesPerStep: Int, temperature: Double = 1, usesReference: Bool
    ) {
      self.objective = objective
      self.advantage = advantage
      self.schedule = schedule
      self.adam = adam
      self.maximumGradientNorm = maximumGradientNorm
      self.updatesPerStep = updatesPerStep
      self.temperature = temperature
      self.usesReference = usesReference
    }
  }

  /// What one update did.
  ///
  /// `gradientNorm` is before clipping.
  package struct Update: Sendable {
    package var loss: Double
    package var gradientNorm: Double
    package var learningRate: Double
    package var statistics: [(name: String, value: Double)]
    /// True where the gradient was zero or not finite, and nothing moved.
    package var skipped: Bool
  }

  package let engine: Engine
  package let policy: Parameters
  package let reference: Parameters
  package let optimizer: AdamW
  package let settings: Settings
  /// Updates made over the whole run; the learning rate and Adam count by it.
  package var updateCount = 0
  private let gradient: Parameters
  private let decayed: [Range<Int>]

  /// The reference starts as a copy of the policy.
  package init(engine: Engine, policy: Parameters, settings: Settings) {
    (self.engine, self.policy, self.settings) = (engine, policy, settings)
    reference = Parameters(policy.configuration)
    reference.buffer.copy(from: policy.buffer)
    gradient = Parameters(policy.configuration)
    optimizer = AdamW(count: policy.buffer.count)
    decayed = policy.layout.matrixRanges
  }

  /// π_ref ← π_θ.
  ///
  /// The optimizer's state survives.
  package func resetReference() { reference.buffer.copy(from: policy.buffer) }

  /// The completions of one step and what is known of them before the first update.
  package struct Rollouts {
    package var batch: TokenBatch
    package var groups: RewardGroups
    /// False for the tokens that carry no gradient, in canonical order.
    package var mask: [Bool]
    /// log π_old as the sampler recorded it, and entropies; nil: computed first.
    package var sampled: (logProbs: [Float], entropies: [Float])?
    /// What sampling kept for the first backward pass.
    package var kept: Activations?

    package init(
      batch: TokenBatch, groups: RewardGroups, mask: [Bool],
      sampled: (logProbs: [Float], entropies: [Float])? = nil, kept: Activations? = nil
    ) {
      precondition(mask.count == batch.tokenCount)
      (self.batch, self.groups, self.mask) = (batch, groups, mask)
      (self.sampled, self.kept) = (sampled, kept)
    }
  }

  /// Makes the μ updates of one step.
  ///
  /// Nothing moves in an update whose gradient is exactly zero (all rewards alike, no penalty) or
  /// not finite: Adam's momentum would move the weights on no signal.
  package func step(_ rollouts: Rollouts) -> (advantages: Advantages, updates: [Update]) {
    let batch = rollouts.batch
    let temperature = Float(settings.temperature)
    let advantages = settings.advantage(rollouts.groups)
    var kept = rollouts.kept
    let old: (logProbs: [Float], entropies: [Float])
    if let sampled = rollouts.sampled {
      old = sampled
    } else {
      let forward = engine.forward(policy, batch, temperature: temperature, keep: true)
      old = (forward.logProbs, forward.entropies)
      kept = forward.kept
    }
    let counts = batch.questions.flatMap { $0.completions.map(\.tokens.count) }
    var inputs = ObjectiveBatch(
      completions: batch.completionRanges, logProb: old.logProbs.map(Double.init),
      oldLogProb: old.logProbs.map(Double.init), entropy: old.entropies.map(Double.init),
      advantage: advantages.values(tokenCounts: counts), mask: rollouts.mask)
    if settings.usesReference {
      inputs.referenceLogProb = engine.forward(
        reference, batch, temperature: temperature, keep: false
      ).logProbs.map(Double.init)
    }
    var updates: [Update] = []
    for inner in 0..<settings.updatesPerStep {
      if inner > 0 {
        let forward = engine.forward(policy, batch, temperature: temperature, keep: true)
        inputs.logProb = forward.logProbs.map(Double.init)
        inputs.entropy = forward.entropies.map(Double.init)
        kept = forward.kept
      }
      updates.append(update(inputs, batch, kept: kept))
    }
    return (advantages, updates)
  }

  /// One update on an objective's inputs; `inputs.logProb` is of the policy as it stands.
  package func update(
    _ inputs: ObjectiveBatch, _ batch: TokenBatch, kept: Activations?
  ) -> Update {
    let result = settings.objective(inputs)
    gradient.buffer.fill()
    engine.backward(
      policy, gradient: gradient, batch, dLogProb: result.dLogProb.map(Float.init),
      dEntropy: result.dEntropy.map { $0.map(Float.init) },
      temperature: Float(settings.temperature), kept: kept)
    let workers = engine.transformer.workers
    let norm = euclideanNorm(gradient.buffer, workers: workers)
    let learningRate = settings.schedule.learningRate(at: updateCount)
    let skipped = !norm.isFinite || !result.loss.isFinite || norm == 0
    if !skipped {
      updateCount += 1
      // PyTorch's clip_grad_norm_.
      let limit = settings.maximumGradientNorm
      let scale = limit > 0 ? min(1, limit / (norm + 1e-6)) : 1
      optimizer.update(
        policy.buffer, gradient: gradient.buffer, gradientScale: Float(scale),
        update: updateCount, learningRate: learningRate, coefficients: settings.adam,
        decayed: decayed, workers: workers)
    }
    return Update(
      loss: result.loss, gradientNorm: norm, learningRate: learningRate,
      statistics: result.statistics, skipped: skipped)
  }
}

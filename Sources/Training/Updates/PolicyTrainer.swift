internal import Datasets
internal import Kernels
package import LanguageModel
package import PolicyOptimization

/// A policy, the reference it is held to, what judges its states, and what moves it.
///
/// One step: π_old is what drew the completions; their rewards become advantages; then come
/// `epochs` passes over them in `miniBatches` parts, each part one update; then the value function
/// is fitted, and coefficients that adapt take in what was measured.
package final class PolicyTrainer {
  package struct Settings: Sendable {
    package var objective: any Objective
    package var advantage: any AdvantageEstimator
    package var shaping: RewardShaping?
    package var update: Update
    /// μ.
    package var epochs: Int
    package var miniBatches: Int
    package var temperature: Double
    /// Whether log π_ref is asked for.
    package var usesReference: Bool
    /// The exact divergence from π_old that the objective reads or the update measures.
    package var divergenceFromOld: Divergence?
    /// The exact divergence from π_ref that the objective reads.
    package var divergenceFromReference: Divergence?
    package var value: ValueFunction.Settings?
    /// Deals questions out to mini-batches.
    package var seed: UInt64

    /// Which rule makes the updates.
    package enum Update: Sendable {
      case adam(AdamUpdate.Settings)
      case lineSearch(LineSearch, resamples: Bool)
      case trustRegion(TrustRegionUpdate.Settings)
    }

    package init(
      objective: any Objective, advantage: any AdvantageEstimator,
      shaping: RewardShaping? = nil, update: Update, epochs: Int = 1, miniBatches: Int = 1,
      temperature: Double = 1, usesReference: Bool, divergenceFromOld: Divergence? = nil,
      divergenceFromReference: Divergence? = nil, value: ValueFunction.Settings? = nil,
      seed: UInt64 = 0
    ) {
      (self.objective, self.advantage, self.shaping) = (objective, advantage, shaping)
      (self.update, self.epochs, self.miniBatches) = (update, epochs, miniBatches)
      (self.temperature, self.usesReference) = (temperature, usesReference)
      self.divergenceFromOld = divergenceFromOld
      self.divergenceFromReference = divergenceFromReference
      (self.value, self.seed) = (value, seed)
    }
  }

  package let engine: Engine
  package let policy: Parameters
  package let reference: Parameters
  package let rule: any PolicyUpdate
  package let value: ValueFunction?
  package let settings: Settings
  /// The objective with its coefficients as they are now.
  package var objective: any Objective
  private let gradient: Parameters
  /// π_old, where an exact divergence from it is asked for.
  private let old: Parameters?

  /// The reference starts as a copy of the policy.
  package init(engine: Engine, policy: Parameters, settings: Settings) {
    (self.engine, self.policy, self.settings) = (engine, policy, settings)
    objective = settings.objective
    reference = Parameters(policy.configuration)
    reference.buffer.copy(from: policy.buffer)
    gradient = Parameters(policy.configuration)
    switch settings.update {
    case .adam(let adam): rule = AdamUpdate(adam, layout: policy.layout)
    case .lineSearch(let search, let resamples):
      rule = LineSearchUpdate(search, resamples: resamples, layout: policy.layout)
    case .trustRegion(let region): rule = TrustRegionUpdate(region, policy.configuration)
    }
    value = settings.value.map { ValueFunction($0, policy: policy) }
    old = settings.divergenceFromOld == nil ? nil : Parameters(policy.configuration)
  }

  /// π_ref ← (1 − α)·π_ref + α·π_θ.
  ///
  /// The optimizer's state survives.
  package func moveReference(share alpha: Double = 1) {
    if alpha == 1 { return reference.buffer.copy(from: policy.buffer) }
    let workers = engine.transformer.workers
    // π_ref + α·(π_θ − π_ref), the difference in the memory of the gradient.
    gradient.buffer.copy(from: policy.buffer)
    gradient.buffer.add(reference.buffer, times: -1, workers: workers)
    reference.buffer.add(gradient.buffer, times: Float(alpha), workers: workers)
  }

  /// The completions of one step and what is known of them before the first update.
  package struct Rollouts {
    /// The step, counted from 0 over the whole run.
    package var step: Int
    package var batch: TokenBatch
    package var groups: RewardGroups
    /// False for the tokens that carry no gradient, in canonical order.
    package var mask: [Bool]
    /// log π_old as the sampler recorded it, and entropies; nil: computed first.
    package var sampled: (logProbs: [Float], entropies: [Float])?
    /// What sampling kept for the first backward pass.
    package var kept: Kept?

    package init(
      step: Int, batch: TokenBatch, groups: RewardGroups, mask: [Bool],
      sampled: (logProbs: [Float], entropies: [Float])? = nil, kept: Kept? = nil
    ) {
      precondition(mask.count == batch.tokenCount)
      (self.step, self.batch, self.groups, self.mask) = (step, batch, groups, mask)
      (self.sampled, self.kept) = (sampled, kept)
    }
  }

  /// What a step did.
  package struct StepReport {
    package var advantages: Advantages
    /// One for each update.
    package var updates: [UpdateReport]
    /// Of the step as a whole.
    package var statistics: [(name: String, value: Double)]
    /// What the first update read.
    package var inputs: ObjectiveBatch
    /// Whether an update of the policy or of its value function was refused since its numbers
    /// overflow.
    package var overflows: Bool
  }

  /// Makes the updates of one step.
  ///
  /// - Parameters:
  ///   - willUpdate: Sees what the first update reads, before it.
  ///   - resampledLoss: The loss of the policy as it stands on completions drawn anew, for a line
  ///     search that asks for it; nil stands for the completions at hand.
  package func step(
    _ rollouts: Rollouts, willUpdate: (ObjectiveBatch) throws -> Void = { _ in },
    resampledLoss: UpdateProblem.ResampledLoss? = nil
  ) async throws -> StepReport {
    var (inputs, advantages, kept) = observe(rollouts)
    try willUpdate(inputs)
    var parts = self.parts(of: rollouts, inputs, kept, resampledLoss)
    let updates = try await makeUpdates(&parts)
    var statistics = [approximateKL(parts)]
    var overflows = updates.contains { $0.refusal == .overflow }
    if let fitted = value?.fit(parts, engine: engine) {
      statistics += fitted.statistics
      overflows = overflows || fitted.overflowCount > 0
    }
    adapt(&parts, completions: inputs.completions.count, &statistics)
    inputs.logProb = inputs.oldLogProb
    return StepReport(
      advantages: advantages, updates: updates, statistics: statistics, inputs: inputs,
      overflows: overflows)
  }

  /// One update of each part, in as many passes as there are epochs.
  private func makeUpdates(_ parts: inout [UpdateProblem]) async throws -> [UpdateReport] {
    var updates: [UpdateReport] = []
    for _ in 0..<settings.epochs {
      for i in parts.indices {
        parts[i].objective = objective
        var report = try await update(&parts[i])
        if let value, value.isOnPolicy, !report.skipped,
          value.updateHead(loss: report.loss, engine.transformer.workers) == .overflow
        {
          report.refusal = .overflow
        }
        updates.append(report)
      }
    }
    return updates
  }

  /// Makes one update.
  package func update(_ problem: inout UpdateProblem) async throws -> UpdateReport {
    try await rule.update(&problem, gradient: gradient)
  }

  /// Makes the updates of one step, but for what follows the last; then answers with what one
  /// more update would read, and what the objective says to it.
  ///
  /// - Parameter resampledLoss: As in ``step(_:willUpdate:resampledLoss:)``.
  package func examine(
    _ rollouts: Rollouts, resampledLoss: UpdateProblem.ResampledLoss? = nil
  ) async throws -> (inputs: ObjectiveBatch, result: ObjectiveResult) {
    precondition(settings.miniBatches == 1)
    let (inputs, _, kept) = observe(rollouts)
    var parts = self.parts(of: rollouts, inputs, kept, resampledLoss)
    _ = try await makeUpdates(&parts)
    let result = parts[0].evaluate(keep: false)
    return (parts[0].inputs, result)
  }

  // MARK: Before the first update

  /// The numbers of all completions under π_old and π_ref, their advantages, and the activations
  /// that were kept.
  private func observe(_ rollouts: Rollouts) -> (ObjectiveBatch, Advantages, Kept?) {
    let (batch, temperature) = (rollouts.batch, Float(settings.temperature))
    var kept = rollouts.kept
    let old: (logProbs: [Float], entropies: [Float])
    if let sampled = rollouts.sampled {
      old = sampled
    } else {
      let forward = engine.forward(policy, batch, temperature: temperature, keep: true)
      old = (forward.logProbs, forward.entropies)
      kept = forward.kept
    }
    let oldLogProb = old.logProbs.map(Double.init)
    var inputs = ObjectiveBatch(
      completions: batch.completionRanges, logProb: oldLogProb, oldLogProb: oldLogProb,
      entropy: old.entropies.map(Double.init),
      advantage: Array(repeating: 0, count: oldLogProb.count), mask: rollouts.mask)
    if settings.usesReference {
      inputs.referenceLogProb = engine.forward(
        reference, batch, temperature: temperature, keep: false
      ).logProbs.map(Double.init)
    }
    var groups = rollouts.groups
    if let value {
      let values = value.values(of: batch, policy: policy, engine: engine)
      (inputs.value, inputs.oldValue) = (values, values)
      groups.take(values)
    }
    var shapingStatistics: [(name: String, value: Double)] = []
    if let shaping = settings.shaping {
      (groups, shapingStatistics) = shaping(
        groups, oldLogProb: oldLogProb, referenceLogProb: inputs.referenceLogProb ?? [])
    }
    var advantages = settings.advantage(groups)
    advantages.statistics += shapingStatistics
    inputs.advantage = advantages.values(tokenCounts: inputs.completions.map(\.count))
    if let value, let values = inputs.value {
      // A token without a target teaches nothing: its target is what V says already.
      inputs.valueTarget = zip(value.targets(groups), values).map { $0 ?? $1 }
    }
    return (inputs, advantages, kept)
  }

  /// The step's questions, dealt out at random to the mini-batches, with what exact divergences and
  /// values on the policy's transformer are computed from.
  private func parts(
    of rollouts: Rollouts, _ inputs: ObjectiveBatch, _ kept: Kept?,
    _ resampledLoss: UpdateProblem.ResampledLoss?
  ) -> [UpdateProblem] {
    let batch = rollouts.batch
    let count =
      settings.miniBatches == 1 ? 1 : min(settings.miniBatches, batch.questions.count)
    old?.buffer.copy(from: policy.buffer)
    func comparison(
      _ other: Parameters?, _ divergence: Divergence?, _ batch: TokenBatch
    ) -> ExactDivergence? {
      guard let other, let divergence else { return nil }
      return ExactDivergence(engine.hiddenStates(other, batch), divergence)
    }
    func problem(
      _ batch: TokenBatch, _ inputs: ObjectiveBatch, _ kept: Kept? = nil
    ) -> UpdateProblem {
      var problem = UpdateProblem(
        engine: engine, policy: policy, objective: objective, batch: batch,
        temperature: Float(settings.temperature), inputs: inputs, kept: kept,
        old: comparison(old, settings.divergenceFromOld, batch),
        reference: comparison(reference, settings.divergenceFromReference, batch),
        valueHead: value.flatMap { $0.isOnPolicy ? $0.head : nil })
      problem.resampled = resampledLoss
      return problem
    }
    if count == 1 { return [problem(batch, inputs, kept)] }
    var firsts = [0]
    for question in batch.questions {
      firsts.append(firsts[firsts.count - 1] + question.completions.count)
    }
    let questions = batch.questions.count
    let dealt = DataOrder(count: questions, seed: settings.seed, stream: .miniBatches)
      .rows(step: rollouts.step, count: questions)
    return (0..<count).map { part in
      let own = stride(from: part, to: questions, by: count).map { dealt[$0] }.sorted()
      return problem(
        TokenBatch(own.map { batch.questions[$0] }),
        inputs.selecting(own.flatMap { firsts[$0]..<firsts[$0 + 1] }))
    }
  }

  // MARK: After the last update

  /// r − 1 − log r at the log-probs of each part's last evaluation: KL(π_old‖π_θ), but for what
  /// the last update of each part did.
  private func approximateKL(_ parts: [UpdateProblem]) -> (name: String, value: Double) {
    var (sum, tokens) = (0.0, 0)
    for inputs in parts.map(\.inputs) {
      for t in inputs.mask.indices where inputs.mask[t] {
        let x = inputs.logProb[t] - inputs.oldLogProb[t]
        sum += KLEstimator.k3.klOfSampler(toOther: x).value
        tokens += 1
      }
    }
    return ("approx_kl", sum / Double(max(1, tokens)))
  }

  /// Coefficients that adapt see what the objective says of the policy as it is now.
  ///
  /// Metric: `kl_old_after`, where there is a penalty on the divergence from π_old.
  private func adapt(
    _ parts: inout [UpdateProblem], completions: Int,
    _ statistics: inout [(name: String, value: Double)]
  ) {
    if objective.adaptiveState.isEmpty { return }
    var means: [String: Double] = [:]
    let tokens = parts.reduce(0) { $0 + $1.inputs.mask.count { $0 } }
    for i in parts.indices {
      let result = parts[i].evaluate(keep: false)
      let share = Double(parts[i].inputs.mask.count { $0 }) / Double(max(1, tokens))
      for statistic in result.statistics {
        means[statistic.name, default: 0] += share * statistic.value
      }
    }
    if let kl = means["kl_old"] { statistics.append(("kl_old_after", kl)) }
    objective.adapt(
      to: RolloutMeasurement(
        klOld: means["kl_old"], klReference: means["kl"], entropy: means["entropy"],
        completions: completions))
  }
}

extension RewardGroups {
  /// Gives every completion its values, from those of all tokens in canonical order.
  fileprivate mutating func take(_ values: [Double]) {
    var rest = values[...]
    for g in groups.indices {
      for i in groups[g].indices {
        groups[g][i].values = Array(rest.prefix(groups[g][i].tokenCount))
        rest = rest.dropFirst(groups[g][i].tokenCount)
      }
    }
  }
}

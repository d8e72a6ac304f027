package import Formats
internal import Kernels
package import LanguageModel
package import PolicyOptimization
package import Recipes
internal import Sampling

/// A policy, the reference it is held to, what judges its states, and what moves it.
///
/// One step: π_old is what drew the completions; their rewards become advantages; then come
/// `epochs` passes over them in `miniBatches` parts, each part one update; then the value function
/// is fitted, and coefficients that adapt take in what was measured.
package final class PolicyTrainer {
  package let engine: Engine
  package let policy: Parameters
  /// nil where nothing needs it.
  package let reference: ReferencePolicy?
  package let rule: any PolicyUpdate
  package let value: ValueFunction?
  package let settings: Settings
  /// The objective with its coefficients as they are now.
  package var objective: any Objective
  private let gradient: Parameters
  /// π_old, where an exact divergence from it is asked for.
  private let old: Parameters?
  private let needs: Set<ObjectiveNeed>

  /// The reference starts as a copy of the policy.
  ///
  /// - Precondition: a batch can have what the settings need.
  package init(engine: Engine, policy: Parameters, settings: Settings) {
    (self.engine, self.policy, self.settings) = (engine, policy, settings)
    (objective, needs) = (settings.objective, settings.needs)
    let (train, axes) = (settings.train, settings.train.axes)
    precondition(needs.areConsistent)
    reference =
      needs.includeReference
      ? ReferencePolicy(
        of: policy, schedule: axes.reference, stepsPerIteration: train.stepsPerIteration)
      : nil
    gradient = Parameters(policy.configuration)
    switch axes.update {
    case .adam:
      rule = AdamOptimizer(train.optimizer, updates: train.totalUpdates, layout: policy.layout)
    case .lineSearch(let search): rule = LineSearchUpdate(search, layout: policy.layout)
    case .trustRegion(let region): rule = TrustRegionUpdate(region, policy.configuration)
    }
    value = axes.value.map { ValueFunction($0, policy: policy) }
    old = needs.exactKLToOld == nil ? nil : Parameters(policy.configuration)
  }

  /// What becomes of the reference before a step; answers whether it moved.
  package func moveReference(before step: Int) -> Bool {
    reference?.follow(
      policy, before: step, memory: gradient, workers: engine.transformer.workers) ?? false
  }

  /// What a step did.
  package struct StepReport {
    package var advantages: Advantages
    /// What the advantages were estimated from.
    package var groups: RewardGroups
    /// One for each update.
    package var updates: [UpdateReport]
    /// Of the step as a whole.
    package var metrics: [Metric]
    /// Whether an update of the policy or of its value function was refused since its numbers
    /// overflow.
    package var overflows: Bool
  }

  /// Makes the updates of one step.
  ///
  /// - Parameters:
  ///   - epochs: μ; nil for the recipe's.
  ///   - willUpdate: Sees every update before it is made.
  ///   - didUpdate: Sees every update once it is made, with what it has solved, which evaluates the
  ///     policy as it stands then.
  ///   - resampledLoss: The loss of the policy as it stands on completions drawn anew, for a line
  ///     search that asks for it; nil stands for the completions at hand.
  package func step(
    _ rollout: Rollout, epochs: Int? = nil,
    willUpdate: (PendingUpdate) throws -> Void = { _ in },
    didUpdate: (PendingUpdate, UpdateProblem) throws -> Void = { _, _ in },
    resampledLoss: UpdateProblem.ResampledLoss? = nil
  ) async throws -> StepReport {
    let (batch, earned) = (rollout.batch, rollout.groups)
    var inputs = observe(rollout, batch)
    let (advantages, groups) = estimateAdvantages(of: earned, into: &inputs)
    var parts = self.parts(of: rollout, batch, inputs, resampledLoss)
    let updates = try await makeUpdates(
      &parts, epochs: epochs ?? settings.train.axes.epochs, willUpdate, didUpdate)
    var metrics = [approximateKL(parts)]
    let fit = value?.fit(parts, engine: engine)
    metrics += fit?.metrics ?? []
    metrics += adapt(&parts)
    return StepReport(
      advantages: advantages, groups: groups, updates: updates, metrics: metrics,
      overflows: (fit?.overflowCount ?? 0) > 0 || updates.contains { $0.refusal == .overflow })
  }

  // MARK: Before the first update

  /// The numbers of all completions under π_old, π_ref and the value function.
  private func observe(_ rollout: Rollout, _ batch: TokenBatch) -> ObjectiveBatch {
    let oldLogProb = rollout.samples.flatMap { $0.logProbs.map(Double.init) }
    var inputs = ObjectiveBatch(
      completions: batch.completionRanges, logProb: oldLogProb, oldLogProb: oldLogProb,
      entropy: rollout.samples.flatMap { $0.entropies.map(Double.init) },
      advantage: Array(repeating: 0, count: oldLogProb.count),
      mask: rollout.mask(withoutTruncated: settings.train.axes.masksTruncatedCompletions))
    if let reference, needs.contains(.referenceLogProb) {
      inputs.referenceLogProb = engine.forward(
        reference.parameters, batch, temperature: settings.temperature, keep: false
      ).logProbs.map(Double.init)
    }
    inputs.value = value?.values(of: batch, policy: policy, engine: engine)
    inputs.oldValue = inputs.value
    return inputs
  }

  /// The advantages of the rewards as they are shaped, and what the value function is fitted to.
  private func estimateAdvantages(
    of rewards: RewardGroups, into inputs: inout ObjectiveBatch
  ) -> (Advantages, RewardGroups) {
    var groups = rewards
    if let values = inputs.value { groups.take(values) }
    var shapingMetrics: [Metric] = []
    if let shaping = settings.train.rewardShaping {
      (groups, shapingMetrics) = shaping(
        groups, oldLogProb: inputs.oldLogProb, referenceLogProb: inputs.referenceLogProb)
    }
    var advantages = settings.advantage(groups)
    advantages.metrics += shapingMetrics
    inputs.advantage = advantages.values(tokenCounts: inputs.completions.map(\.count))
    if let value, let values = inputs.value {
      // A token without a target teaches nothing: its target is the current value V.
      inputs.valueTarget = zip(value.targets(groups, for: settings.advantage), values).map {
        $0 ?? $1
      }
    }
    return (advantages, groups)
  }

  /// The step's mini-batches, with what exact divergences and values on the policy's transformer are
  /// computed from.
  private func parts(
    of rollout: Rollout, _ batch: TokenBatch, _ inputs: ObjectiveBatch,
    _ resampledLoss: UpdateProblem.ResampledLoss?
  ) -> [UpdateProblem] {
    old?.buffer.copy(from: policy.buffer)
    func comparison(
      _ other: Parameters?, _ divergence: KLDivergence?, _ batch: TokenBatch
    ) -> ExactDivergence? {
      guard let other, let divergence else { return nil }
      return ExactDivergence(engine.hiddenStates(other, batch), divergence.direction)
    }
    func problem(
      _ batch: TokenBatch, _ completions: [Int], _ inputs: ObjectiveBatch, kept: Kept? = nil
    ) -> UpdateProblem {
      var problem = UpdateProblem(
        engine: engine, policy: policy, objective: objective, batch: batch,
        completions: completions, temperature: settings.temperature, inputs: inputs,
        kept: kept, old: comparison(old, needs.exactKLToOld, batch),
        reference: comparison(reference?.parameters, needs.exactKLToReference, batch),
        valueHead: value.flatMap { $0.isOnPolicy ? $0.head : nil })
      problem.resampled = resampledLoss
      return problem
    }
    let count = min(settings.train.axes.miniBatches, batch.questions.count)
    if count <= 1 {
      return [problem(batch, Array(inputs.completions.indices), inputs, kept: rollout.drawn.kept)]
    }
    return MiniBatches.dealt(batch, to: count, seed: settings.seed, step: rollout.step).map {
      problem($0.batch, $0.completions, inputs.selecting($0.completions))
    }
  }

  // MARK: The updates

  /// One update of each part, in as many passes as there are epochs.
  private func makeUpdates(
    _ parts: inout [UpdateProblem], epochs: Int, _ willUpdate: (PendingUpdate) throws -> Void,
    _ didUpdate: (PendingUpdate, UpdateProblem) throws -> Void
  ) async throws -> [UpdateReport] {
    var updates: [UpdateReport] = []
    for epoch in 0..<epochs {
      for i in parts.indices {
        let before = parts[i].evaluate(into: gradient)
        let pending = PendingUpdate(
          index: updates.count, epoch: epoch, completions: parts[i].completions,
          objective: objective, inputs: parts[i].inputs, result: before)
        try willUpdate(pending)
        var report = try await rule.update(&parts[i], from: before, along: gradient)
        if let value, value.isOnPolicy, !report.skipped,
          value.updateHead(loss: report.loss, engine.transformer.workers) == .overflow
        {
          report.refusal = .overflow
        }
        updates.append(report)
        try didUpdate(pending, parts[i])
      }
    }
    return updates
  }

  // MARK: After the last update

  /// r − 1 − log r at the log-probs of each part's last evaluation: KL(π_old‖π_θ), but for what
  /// the last update of each part did.
  private func approximateKL(_ parts: [UpdateProblem]) -> Metric {
    var (sum, tokens) = (0.0, 0)
    for inputs in parts.map(\.inputs) {
      for t in inputs.mask.indices where inputs.mask[t] {
        let x = inputs.logProb[t] - inputs.oldLogProb[t]
        sum += KLEstimator.k3.klOfSampler(toOther: x).value
        tokens += 1
      }
    }
    return Metric(.approximateKL, sum / Double(max(1, tokens)))
  }

  /// Coefficients that adapt see what the objective says of the policy as it is now.
  private func adapt(_ parts: inout [UpdateProblem]) -> [Metric] {
    if objective.adaptiveState.isEmpty { return [] }
    let measurement = PolicyMeasurement(
      of: parts.indices.map { i in
        (parts[i].evaluate().measurement, parts[i].inputs.unmaskedTokenCount)
      })
    objective.adapt(
      to: measurement, completions: parts.reduce(0) { $0 + $1.inputs.completions.count })
    return measurement.klOld.map { [Metric(.oldKLAfter, $0)] } ?? []
  }
}

extension PolicyTrainer {
  /// What a trainer is made of: a recipe's `train`, and what a program has of its own.
  package struct Settings: Sendable {
    package var train: Recipe.Train
    /// Deals questions out to mini-batches.
    package let seed: UInt64
    private let ownObjective: (any Objective)?
    private let ownAdvantage: (any AdvantageEstimator)?

    /// - Parameters:
    ///   - objective: Takes the place of the objective that the keys describe, but for the value
    ///     function's loss.
    ///   - advantage: Takes the place of the estimator that they name.
    package init(
      _ train: Recipe.Train, seed: Int, objective: (any Objective)? = nil,
      advantage: (any AdvantageEstimator)? = nil
    ) {
      (self.train, self.seed) = (train, UInt64(seed))
      (ownObjective, ownAdvantage) = (objective, advantage)
    }

    package var objective: any Objective {
      let policy = ownObjective ?? train.axes.objective
      guard let value = train.axes.value, value.trunk == .policy else { return policy }
      return JointObjective(
        policy: policy, value: ValueLoss(clipRange: value.clip), coefficient: value.coefficient)
    }

    package var advantage: any AdvantageEstimator {
      ownAdvantage ?? train.axes.advantage.estimator
    }

    /// What a step must compute beside log-probs and entropies.
    package var needs: Set<ObjectiveNeed> {
      train.axes.needs(of: objective).union(advantage.needsValues ? [.values] : [])
    }

    fileprivate var temperature: Float { Float(train.temperature) }

    /// - Throws: `TrainingError.unmetNeed` where no batch can have what is asked for.
    func checkNeeds() throws(TrainingError) {
      guard needs.areConsistent else {
        throw .unmetNeed(
          "the objective needs an exact divergence in both directions between two policies")
      }
      if needs.contains(.values), train.axes.value == nil {
        throw .unmetNeed(
          "the \(advantage.needsValues ? "advantage" : "objective") needs values, and the recipe has "
            + "no value function")
      }
    }
  }
}

extension KLDivergence {
  /// As the engine names it, to which every policy but π_θ is another one.
  fileprivate var direction: Divergence {
    switch self {
    case .oldToPolicy, .referenceToPolicy: .otherToPolicy
    case .policyToOld, .policyToReference: .policyToOther
    }
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

extension Metric.Name {
  static let approximateKL = Metric.Name("approx_kl")
  /// The divergence from π_old after a rollout's last epoch, where a coefficient adapts to it.
  static let oldKLAfter = Metric.Name("kl_old_after")
}

internal import LanguageModel
package import PolicyOptimization

extension PolicyTrainer {
  /// What a trainer is made of.
  package struct Settings: Sendable {
    package var objective: any Objective
    package var advantage: any AdvantageEstimator
    package var shaping: RewardShaping?
    package var update: Update
    /// μ.
    package var epochs: Int
    package var miniBatches: Int
    package var temperature: Double
    /// Whether completions that the length limit cut off carry no gradient.
    package var masksTruncatedCompletions: Bool
    package var reference: ReferenceSchedule
    /// M, the steps of an outer iteration.
    package var stepsPerIteration: Int
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
      temperature: Double = 1, masksTruncatedCompletions: Bool = false,
      reference: ReferenceSchedule = .reset, stepsPerIteration: Int = 1,
      value: ValueFunction.Settings? = nil, seed: UInt64 = 0
    ) {
      (self.objective, self.advantage, self.shaping) = (objective, advantage, shaping)
      (self.update, self.epochs, self.miniBatches) = (update, epochs, miniBatches)
      (self.temperature, self.reference) = (temperature, reference)
      self.masksTruncatedCompletions = masksTruncatedCompletions
      (self.stepsPerIteration, self.value, self.seed) = (stepsPerIteration, value, seed)
    }
  }
}

extension PolicyTrainer.Settings {
  /// What a step must compute beside log-probs and entropies: all that the objective, reward
  /// shaping and the update rule ask for, and nothing else.
  ///
  /// This is where it is decided whether there is a reference policy, and which divergences are exact.
  package var needs: Set<ObjectiveNeed> {
    objective.needs.union(shaping?.needs ?? []).union(update.needs)
  }

  /// - Throws: `TrainingError.unmetNeed` where no batch can have what the objective asks for.
  func checkNeeds() throws(TrainingError) {
    guard needs.areConsistent else {
      throw .unmetNeed("an exact divergence in both directions between two policies")
    }
    if needs.contains(.values), value == nil {
      throw .unmetNeed("values, and the recipe has no value function")
    }
  }
}

extension PolicyTrainer.Settings.Update {
  /// A trust region measures how far the policy is from π_old.
  fileprivate var needs: Set<ObjectiveNeed> {
    if case .trustRegion(let region) = self { [.exactKL(region.divergence)] } else { [] }
  }
}

extension KLDivergence {
  /// As the engine names it, to which every policy but π_θ is another one.
  var direction: Divergence {
    switch self {
    case .oldToPolicy, .referenceToPolicy: .otherToPolicy
    case .policyToOld, .policyToReference: .policyToOther
    }
  }
}

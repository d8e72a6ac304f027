internal import Kernels
internal import LanguageModel
package import PolicyOptimization
package import Recipes
internal import Rewards

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

// MARK: What a recipe names

extension Recipe.Train {
  /// - Parameter own: Takes the place of the objective that the keys describe, but for the value
  ///   function's loss.
  package func settings(seed: Int, objective own: (any Objective)? = nil) -> PolicyTrainer.Settings
  {
    let estimator = axes.advantage.estimator
    let value = axes.value?.settings(discount: estimator.discount, lambda: estimator.lambda)
    var objective = own ?? axes.objective
    if let value, value.isOnPolicy {
      objective = JointObjective(
        policy: objective, value: value.loss, coefficient: value.coefficient)
    }
    return PolicyTrainer.Settings(
      objective: objective, advantage: estimator,
      shaping: axes.shaping.rewards(maxCompletionTokens: maxCompletionTokens),
      update: update, epochs: axes.epochs, miniBatches: axes.miniBatches,
      temperature: temperature, masksTruncatedCompletions: axes.masksTruncatedCompletions,
      reference: axes.reference, stepsPerIteration: stepsPerIteration,
      value: value, seed: UInt64(seed))
  }

  private var update: PolicyTrainer.Settings.Update {
    switch axes.update {
    case .adam: optimizer.settings(updates: totalUpdates)
    case .lineSearch(let update):
      .lineSearch(update.search, resamples: update.loss == .resampled)
    case .trustRegion(let region): .trustRegion(region.settings)
    }
  }
}

extension Recipe.Optimizer {
  func settings(updates: Int) -> PolicyTrainer.Settings.Update {
    .adam(
      AdamUpdate.Settings(
        schedule: LearningRateSchedule(
          peak: learningRate, warmUpUpdates: warmupUpdates, totalUpdates: updates, decay: decay,
          floor: lowestRateRatio),
        adam: AdamW.Coefficients(
          beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay),
        maximumGradientNorm: maximumGradientNorm))
  }
}

extension Recipe.Update {
  /// The key that makes steps shorter.
  var stepKey: String {
    switch self {
    case .adam: "train.learning_rate"
    case .lineSearch: "train.line_search_initial_step"
    case .trustRegion: "train.max_kl"
    }
  }
}

extension Recipe.TrustRegionUpdate {
  fileprivate var settings: TrustRegionUpdate.Settings {
    TrustRegionUpdate.Settings(
      region: region, conjugateGradient: conjugateGradient,
      fisher: fisher == .exact ? .exact : .sampled, divergence: divergence,
      isMean: region.constraint == .halfQuadraticForm, search: search)
  }
}

extension Recipe.ValueFunction {
  fileprivate func settings(discount: Double, lambda: Double) -> ValueFunction.Settings {
    ValueFunction.Settings(
      isOnPolicy: trunk == .policy, target: target, discount: discount, lambda: lambda,
      loss: ValueLoss(clipRange: clip), learningRate: learningRate, epochs: epochs,
      coefficient: coefficient)
  }
}

extension Recipe.Shaping {
  fileprivate func rewards(maxCompletionTokens limit: Int) -> RewardShaping? {
    if klCoefficient == 0, tokenCost == 0, overlongPenalty == 0 { return nil }
    let (weight, buffer) = (overlongPenalty, overlongBuffer ?? 0)
    return RewardShaping(klCoefficient: klCoefficient, tokenCost: tokenCost) { tokens in
      SoftOverlongPunishment.reward(
        ofTokens: tokens, longest: limit, buffer: buffer, weight: weight)
    }
  }
}

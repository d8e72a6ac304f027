internal import Foundation
internal import Kernels
package import LanguageModel
package import PolicyOptimization
public import Recipes
internal import RewardPlugins
public import Rewards
package import Sampling

// What a recipe names, as the types that do it.

extension Recipe.Optimizer {
  func schedule(updates: Int) -> LearningRateSchedule {
    LearningRateSchedule(
      peak: learningRate, warmUpUpdates: warmupUpdates, totalUpdates: updates, decay: decay,
      floor: lowestRateRatio)
  }

  var coefficients: AdamW.Coefficients {
    AdamW.Coefficients(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
  }

  fileprivate func settings(updates: Int) -> PolicyTrainer.Settings.Update {
    .adam(
      AdamUpdate.Settings(
        schedule: schedule(updates: updates), adam: coefficients,
        maximumGradientNorm: maximumGradientNorm))
  }
}

extension Recipe.WarmStart {
  var settings: PolicyTrainer.Settings {
    PolicyTrainer.Settings(
      objective: Likelihood(), advantage: GroupRelativeAdvantage(),
      update: optimizer.settings(updates: steps))
  }
}

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

  package func samplingOptions(eosIDs: [Int]) -> SamplingOptions {
    SamplingOptions(
      temperature: temperature, topK: topK, topP: topP, minP: minP,
      maximumTokens: maxCompletionTokens, eosIDs: eosIDs)
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

extension Recipe.RewardModel {
  func settings(seed: Int) -> ContinualReward.Settings {
    var settings = ContinualReward.Settings()
    settings.training.loss = PreferenceLoss(centring: centring)
    settings.training.learningRate = learningRate
    settings.training.maximumGradientNorm = maximumGradientNorm
    settings.steps = steps
    settings.batchSize = batchSize
    settings.replayShare = replayShare
    settings.replaySize = replaySize
    settings.seed = UInt64(seed)
    return settings
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

extension Recipe {
  /// The reward functions with their weights, plug-ins not yet started.
  ///
  /// - Parameter threads: How many a reward model computes with.
  public func rewardSet(threads: Int = 1) throws -> RewardSet {
    let entries = try rewards.map { try $0.entry(threads: threads) }
    var functions = entries.map(\.function)
    if let labeller = rewardModel?.labeller, case .url = labeller.source {
      functions.append(try labeller.entry(threads: threads).function)
    }
    try HTTPReward.checkProxies(of: functions)
    return try RewardSet(entries)
  }
}

extension Recipe {
  /// How far a run is after so many steps, for rewards that change with it.
  func progress(of train: Train, steps: Int, rows: Int, tokens: Int) -> RunProgress {
    RunProgress(
      steps: steps, totalSteps: train.totalSteps, questionsPerStep: train.questionsPerStep,
      completionsPerQuestion: train.completionsPerQuestion, rows: rows, tokens: tokens,
      checkpointSteps: train.checkpointSteps > 0 ? train.checkpointSteps : nil,
      evaluationSteps: evaluation?.every)
  }
}

extension Recipe.Reward {
  /// The score with its weight; a plug-in is not yet started.
  func entry(threads: Int) throws -> RewardSet.Entry {
    try entry { judge in
      try LearnedReward(
        directory: judge.directory, name: label, style: judge.style,
        appendsEOS: judge.appendsEOS, threads: threads)
    }
  }
}

extension Recipe.Architecture {
  /// The model's configuration with a tokenizer's vocabulary and special ids.
  package func configuration(
    vocabularySize: Int, bos: Int?, eos: Int?
  ) -> ModelConfiguration {
    ModelConfiguration(
      vocabularySize: vocabularySize, hiddenSize: hiddenSize, layers: layers,
      attentionHeads: attentionHeads, keyValueHeads: keyValueHeads ?? attentionHeads,
      headSize: headSize, intermediateSize: intermediateSize,
      maximumPositions: maximumPositions, ropeTheta: ropeTheta, normEpsilon: rmsNormEpsilon,
      tiedEmbeddings: tieWordEmbeddings, initializerRange: initializerRange, bosTokenID: bos,
      eosTokenIDs: eos.map { [$0] } ?? [])
  }
}

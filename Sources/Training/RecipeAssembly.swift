internal import Foundation
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import RewardPlugins
public import Rewards
package import Sampling

// What a recipe names, as the types that do it.

extension Recipe.Optimizer {
  func schedule(updates: Int) -> LearningRateSchedule {
    let decay: LearningRateSchedule.Decay =
      switch decay {
      case .constant: .constant
      case .linear: .linear(floor: lowestRateRatio)
      case .cosine: .cosine(floor: lowestRateRatio)
      }
    return LearningRateSchedule(
      peak: learningRate, warmUpUpdates: warmupUpdates, totalUpdates: updates, decay: decay)
  }

  var coefficients: AdamW.Coefficients {
    AdamW.Coefficients(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
  }
}

extension Recipe.WarmStart {
  var settings: PolicyTrainer.Settings {
    PolicyTrainer.Settings(
      objective: Likelihood(), advantage: GroupRelativeAdvantage(),
      schedule: optimizer.schedule(updates: steps), adam: optimizer.coefficients,
      maximumGradientNorm: optimizer.maximumGradientNorm, updatesPerStep: 1,
      usesReference: false)
  }
}

extension Recipe.Train {
  var settings: PolicyTrainer.Settings {
    let estimator: any AdvantageEstimator =
      switch advantage {
      case .group(let scale):
        GroupRelativeAdvantage(scale: scale == .group ? .groupStandardDeviation : .none)
      case .softmax(let beta): SoftmaxAdvantage(beta: beta)
      }
    let objective = PolicyObjective(
      surrogate: .clipped(
        ClippedSurrogate(epsilonLow: epsilon, epsilonHigh: epsilonHigh ?? epsilon)),
      klPenalty: beta > 0
        ? KLPenalty(coefficient: beta, weighting: weightsKLByRatio ? .ratio : .plain) : nil)
    return PolicyTrainer.Settings(
      objective: objective, advantage: estimator,
      schedule: optimizer.schedule(updates: totalUpdates), adam: optimizer.coefficients,
      maximumGradientNorm: optimizer.maximumGradientNorm, updatesPerStep: updatesPerStep,
      temperature: temperature, usesReference: beta > 0)
  }

  package func samplingOptions(eosIDs: [Int]) -> SamplingOptions {
    SamplingOptions(
      temperature: temperature, topK: topK > 0 ? topK : nil, topP: topP, minP: minP,
      maximumTokens: maxCompletionTokens, eosIDs: eosIDs)
  }
}

extension Recipe {
  /// The reward functions with their weights, commands not yet started.
  public func rewardSet() throws -> RewardSet {
    try RewardSet(
      rewards.map { reward in
        switch reward.source {
        case .builtIn(let name, let options):
          RewardSet.Entry(
            try BuiltInReward.named(name, options: options, label: reward.label),
            weight: reward.weight)
        case .command(let command):
          RewardSet.Entry(
            try CommandReward(
              command.arguments, name: reward.label, timeout: command.timeoutSeconds,
              directory: command.directory),
            weight: reward.weight)
        }
      })
  }
}

extension Recipe.Architecture {
  /// The model's configuration with a tokenizer's vocabulary and special ids.
  func configuration(vocabularySize: Int, bos: Int?, eos: Int?) -> ModelConfiguration {
    ModelConfiguration(
      vocabularySize: vocabularySize, hiddenSize: hiddenSize, layers: layers,
      attentionHeads: attentionHeads, keyValueHeads: keyValueHeads ?? attentionHeads,
      headSize: headSize, intermediateSize: intermediateSize,
      maximumPositions: maximumPositions, ropeTheta: ropeTheta, normEpsilon: rmsNormEpsilon,
      tiedEmbeddings: tieWordEmbeddings, initializerRange: initializerRange, bosTokenID: bos,
      eosTokenIDs: eos.map { [$0] } ?? [])
  }
}

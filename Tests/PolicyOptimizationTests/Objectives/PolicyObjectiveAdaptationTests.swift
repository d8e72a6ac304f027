import Formats
import PolicyOptimization
import Testing

@Suite struct PolicyObjectiveAdaptationTests {
  static let adaptive = PolicyObjective(
    surrogate: .ratio,
    klPenalty: KLPenalty(coefficient: 0.5, controller: .ziegler(target: 0.1, horizon: 100)),
    oldKLPenalty: KLPenalty(
      coefficient: 1, divergence: .oldToPolicy, controller: .adaptive(AdaptiveKL(target: 0.01))),
    entropyBonus: EntropyBonus(coefficient: 0.01))

  static let measurement = PolicyMeasurement(klReference: 0.2, klOld: 0.5, entropy: 0.2)

  @Test func everyAdaptiveCoefficientFollowsItsOwnMeasurement() {
    var objective = Self.adaptive
    let names = ["kl_coef", "kl_old_coef"]
    #expect(Set(objective.adaptiveState.keys) == Set(names))
    func state() -> [Double] { names.map { objective.adaptiveState[$0] ?? .nan } }
    #expect(state() == [0.5, 1])
    objective.adapt(to: Self.measurement, completions: 50)
    #expect(isClose(state(), [0.55, 2], within: 1e-15))
    #expect(objective.oldKLPenalty?.coefficient == 2)
    var batch = PolicyObjectiveTests.batch
    batch.entropy = [1, 2, 3, 4, 5]
    let result = objective(batch)
    #expect(result.metric("kl_old_coef") == 2)
    #expect(abs((result.metric("kl_coef") ?? 0) - 0.55) < 1e-15)
    #expect(result.loss != Self.adaptive(batch).loss)
  }

  @Test func everyMetricHasItsPlace() {
    let objective = PolicyObjective(
      klPenalty: KLPenalty(coefficient: 0.5, controller: .ziegler(target: 0.1, horizon: 100)),
      oldKLPenalty: Self.adaptive.oldKLPenalty, entropyBonus: EntropyBonus(coefficient: 0.01),
      offPolicyMask: OffPolicySequenceMask(threshold: 1), entropyMask: HighEntropyMask())
    #expect(
      objective(PolicyObjectiveTests.entropic).metrics.map(\.name.text) == [
        "kl", "kl_old", "entropy", "policy_loss", "entropy_coef", "kl_coef", "kl_old_coef",
        "clip_ratio/low_mean", "clip_ratio/low_min", "clip_ratio/high_mean",
        "clip_ratio/high_max", "clip_ratio/region_mean", "off_policy_masked_tokens",
        "entropy_masked_tokens", "ratio_clamped_tokens", "kl_clamped_tokens",
        "kl_old_clamped_tokens",
      ])
  }

  @Test func aRestoredStateContinuesAlike() {
    var original = Self.adaptive
    original.adapt(to: Self.measurement, completions: 50)
    var resumed = Self.adaptive
    resumed.adaptiveState = original.adaptiveState
    #expect(resumed == original)
    original.adapt(to: Self.measurement, completions: 50)
    resumed.adapt(to: Self.measurement, completions: 50)
    #expect(resumed == original)
  }

  @Test func fixedCoefficientsHaveNoStateAndDoNotMove() {
    let fixed = PolicyObjective(
      klPenalty: KLPenalty(coefficient: 0.04), entropyBonus: EntropyBonus(coefficient: 0.01))
    var objective = fixed
    #expect(objective.adaptiveState.isEmpty)
    objective.adapt(to: Self.measurement, completions: 50)
    #expect(objective == fixed)
    #expect(objective(PolicyObjectiveTests.entropic).metric("kl_coef") == nil)
  }

  @Test func anObjectiveWithoutCoefficientsHasNoState() {
    var likelihood = Likelihood()
    #expect(likelihood.adaptiveState.isEmpty)
    likelihood.adapt(to: Self.measurement, completions: 50)
    likelihood.adaptiveState = [:]
    #expect(likelihood == Likelihood())
  }
}

extension PolicyObjectiveTests {
  /// ``batch`` with entropies 1 to 5.
  static let entropic: ObjectiveBatch = {
    var batch = PolicyObjectiveTests.batch
    batch.entropy = [1, 2, 3, 4, 5]
    return batch
  }()
}

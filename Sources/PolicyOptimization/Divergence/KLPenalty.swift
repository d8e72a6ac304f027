public import Formats

/// The penalty that keeps the policy near another one, added to every token's loss.
///
///     plain:              β·k              straight-through:   β·( sg[k] + k2 − sg[k2] )
///     ratio:              β·r·k            exact:              β·KL of the position
///
/// k estimates ``divergence`` from the drawn token; r is the objective's importance ratio, that of the
/// token where the surrogate has one of its own. Plain k3
/// of KL(π_θ‖π_ref) is eq. 3 and 4 of DeepSeekMath (<https://arxiv.org/abs/2402.03300>); KL(π_old‖π_θ)
/// is PPO's, eq. 8 (<https://arxiv.org/abs/1707.06347>).
///
/// Completions are drawn from π_old. The divergences to and from π_old take that into account: with
/// x = log r, KL(π_old‖π_θ) is −log r, ½ log² r or r − 1 − log r, and KL(π_θ‖π_old) is r·log r,
/// ½ log² r or r·log r − r + 1. Those to and from the reference are stated for tokens drawn from
/// π_θ, which is what they are at the first update; `ratio` weighs them by r thereafter.
public struct KLPenalty: Sendable, Equatable {
  /// What an estimate is multiplied by before it is penalized and logged.
  public enum Weighting: String, Sendable, CaseIterable {
    /// 1.
    case plain
    /// The importance ratio, as the completions were drawn from π_old: for divergences to or from
    /// the reference only.
    ///
    /// With k3 its gradient is β·r·(log π_θ − log π_ref), the unbiased gradient of KL(π_θ‖π_ref).
    /// TRL calls it `use_bias_correction_kl`.
    case ratio
    /// 1, but with the gradient of k2: for KL(π_θ‖π_ref) only.
    ///
    /// The gradient β·(log π_θ − log π_ref) is unbiased for tokens drawn from π_θ, whichever
    /// estimator is logged. verl writes it as a `+` behind the estimator's name.
    case straightThrough = "straight-through"
  }

  /// β ≥ 0, usually 0.001 to 0.1 (PPO's: 0.3 to 10); 0 logs the KL and leaves the loss alone.
  public private(set) var coefficient: Double
  /// Which divergence is penalized, and so which other policy is meant.
  public let divergence: KLDivergence
  /// How the divergence is found at a token.
  public let estimator: KLEstimator
  /// What the estimate is multiplied by.
  public let weighting: Weighting
  /// How β changes from rollout to rollout.
  public let controller: KLController

  /// Creates a penalty; by default DeepSeekMath's, plain k3 of KL(π_θ‖π_ref) with a fixed β.
  ///
  /// - Precondition: β is finite and at least 0, and positive where it adapts. ``Weighting/ratio``
  ///   goes with a sampled divergence to or from the reference, ``Weighting/straightThrough`` with
  ///   k1 or k3 of KL(π_θ‖π_ref).
  public init(
    coefficient: Double, divergence: KLDivergence = .policyToReference,
    estimator: KLEstimator = .k3, weighting: Weighting = .plain, controller: KLController = .fixed
  ) {
    precondition(coefficient >= 0 && coefficient.isFinite)
    precondition(
      controller == .fixed || coefficient > 0, "no factor moves a coefficient of 0")
    controller.checkRanges()
    switch weighting {
    case .plain: break
    case .ratio:
      precondition(
        divergence.isToReference && estimator != .exact,
        "only estimates of a divergence to the reference are weighted by the ratio")
    case .straightThrough:
      precondition(
        divergence == .policyToReference && (estimator == .k1 || estimator == .k3),
        "k2's gradient is that of KL(policy‖reference), and replaces another sampled one")
    }
    (self.coefficient, self.divergence, self.estimator) = (coefficient, divergence, estimator)
    (self.weighting, self.controller) = (weighting, controller)
  }

  /// What a batch must have for it; nil where log π_old is enough.
  var need: ObjectiveNeed? {
    if estimator == .exact { return .exactKL(divergence) }
    return divergence.isToReference ? .referenceLogProb : nil
  }

  /// β where it adapts; nil where it is fixed.
  var adaptiveCoefficient: Double? {
    get { controller == .fixed ? nil : coefficient }
    set { if let newValue, controller != .fixed { coefficient = newValue } }
  }

  /// Takes in the divergence measured after the last epoch over a rollout.
  ///
  /// - Precondition: there is one where β adapts.
  mutating func adapt(kl: Double?, completions: Int) {
    if controller == .fixed { return }
    guard let kl else { preconditionFailure("an adaptive penalty needs the divergence") }
    coefficient = controller.coefficient(after: coefficient, kl: kl, completions: completions)
  }
}

extension Metric.Name {
  /// The mean divergence to or from the reference, before β.
  public static let kl = Metric.Name("kl")
  /// The mean divergence to or from π_old, before β.
  public static let oldKL = Metric.Name("kl_old")
  /// β, where it adapts.
  public static let klCoefficient = Metric.Name("kl_coef")
  /// The β of the penalty to π_old, where it adapts.
  public static let oldKLCoefficient = Metric.Name("kl_old_coef")
  /// Tokens whose log-ratio was cut in the penalty to the reference.
  public static let klClampedTokens = Metric.Name("kl_clamped_tokens")
  /// Tokens whose log-ratio was cut in the penalty to π_old.
  public static let oldKLClampedTokens = Metric.Name("kl_old_clamped_tokens")
}

extension KLPenalty {
  /// One token's divergence before β, and its derivatives.
  struct Term {
    var value: Double
    /// At a constant ratio.
    var dLogProb = 0.0
    var dLogRatio = 0.0
    /// ∂value/∂klOld or ∂value/∂klReference, whichever the divergence is.
    var dExact = 0.0
    var isClamped = false
  }

  /// nil where the token is masked.
  ///
  /// - Precondition: the batch has what the divergence is made of: `referenceLogProb` for an
  ///   estimate to the reference, `klReference` or `klOld` for an exact one.
  func terms(ratios: [Double], batch: ObjectiveBatch) -> [Term?] {
    if estimator == .exact {
      let column = divergence.isToReference ? batch.klReference : batch.klOld
      guard let column else { preconditionFailure("an exact KL penalty needs its column") }
      return batch.mask.indices.map { batch.mask[$0] ? Term(value: column[$0], dExact: 1) : nil }
    }
    let other = divergence.isToReference ? batch.referenceLogProb : batch.oldLogProb
    guard let other else { preconditionFailure("a KL penalty needs referenceLogProb") }
    return batch.mask.indices.map { t in
      batch.mask[t] ? term(logProb: batch.logProb[t], other: other[t], ratio: ratios[t]) : nil
    }
  }

  private func term(logProb: Double, other: Double, ratio: Double) -> Term {
    let estimate: KLEstimator.Estimate
    // ∂x/∂logProb: the policy is Q where π_old drew the token, and P itself otherwise.
    let sign: Double
    switch divergence {
    case .policyToReference:
      (estimate, sign) = (estimator.klOfSampler(toOther: other - logProb), -1)
    case .referenceToPolicy:
      (estimate, sign) = (estimator.klOfOther(toSampler: other - logProb), -1)
    case .oldToPolicy:
      (estimate, sign) = (estimator.klOfSampler(toOther: logProb - other), 1)
    case .policyToOld:
      (estimate, sign) = (estimator.klOfOther(toSampler: logProb - other), 1)
    }
    let dLogProb = sign * estimate.dLogRatio
    return switch weighting {
    case .plain:
      Term(value: estimate.value, dLogProb: dLogProb, isClamped: estimate.isClamped)
    case .ratio:
      // d(r·k)/d log r = r·k: added to r·k′ it leaves r·(log π_θ − log π_ref) for k3.
      Term(
        value: ratio * estimate.value, dLogProb: ratio * dLogProb,
        dLogRatio: ratio * estimate.value, isClamped: estimate.isClamped)
    case .straightThrough:
      Term(value: estimate.value, dLogProb: logProb - other, isClamped: estimate.isClamped)
    }
  }
}

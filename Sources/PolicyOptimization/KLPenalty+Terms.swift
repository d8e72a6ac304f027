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

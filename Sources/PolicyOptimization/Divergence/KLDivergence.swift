/// Which Kullback-Leibler divergence is meant: KL(P‖Q) = E_P[log P − log Q] is not KL(Q‖P).
///
/// The name reads from P to Q. PPO's penalty is ``oldToPolicy``, to the behaviour policy that drew
/// the completions; GRPO's is ``policyToReference``.
public enum KLDivergence: String, Sendable, CaseIterable {
  /// KL(π_θ ‖ π_ref): large where the policy goes and the reference does not.
  case policyToReference = "policy-to-reference"
  /// KL(π_ref ‖ π_θ): large where the reference goes and the policy does not.
  case referenceToPolicy = "reference-to-policy"
  /// KL(π_old ‖ π_θ): Schulman et al. 2017 (PPO), eq. 8 (<https://arxiv.org/abs/1707.06347>).
  case oldToPolicy = "old-to-policy"
  /// KL(π_θ ‖ π_old).
  case policyToOld = "policy-to-old"

  /// Whether the other policy is the reference; otherwise it is the behaviour policy.
  public var isToReference: Bool {
    switch self {
    case .policyToReference, .referenceToPolicy: true
    case .oldToPolicy, .policyToOld: false
    }
  }
}

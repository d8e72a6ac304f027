/// What an objective reads of a batch beside log-probs, entropies, advantages and the mask.
///
/// Those are always there. Nothing else is computed unless something asks for it: the objective,
/// reward shaping, the estimator of advantages, or the rule that makes the updates. There is a
/// reference policy where one of them needs it.
public enum ObjectiveNeed: Sendable, Hashable {
  /// log π_ref of each token: ``ObjectiveBatch/referenceLogProb``.
  case referenceLogProb
  /// A divergence summed over the vocabulary at each position: ``ObjectiveBatch/klReference``, or
  /// ``ObjectiveBatch/klOld`` where the other policy is the one that drew.
  case exactKL(KLDivergence)
  /// V before each token, as it is and as it was, and what it is fitted to:
  /// ``ObjectiveBatch/value``, ``ObjectiveBatch/oldValue`` and ``ObjectiveBatch/valueTarget``.
  case values
}

extension Set<ObjectiveNeed> {
  /// Whether there must be a reference policy.
  public var includeReference: Bool { contains(.referenceLogProb) || exactKLToReference != nil }

  /// What ``ObjectiveBatch/klReference`` must be; nil where nothing reads it.
  public var exactKLToReference: KLDivergence? { exactKL { $0.isToReference } }

  /// What ``ObjectiveBatch/klOld`` must be; nil where nothing reads it.
  public var exactKLToOld: KLDivergence? { exactKL { !$0.isToReference } }

  /// Whether a batch can have all of it: of two policies one exact divergence is computed.
  public var areConsistent: Bool {
    !isSuperset(of: [.exactKL(.policyToReference), .exactKL(.referenceToPolicy)])
      && !isSuperset(of: [.exactKL(.policyToOld), .exactKL(.oldToPolicy)])
  }

  private func exactKL(where isMeant: (KLDivergence) -> Bool) -> KLDivergence? {
    KLDivergence.allCases.first { isMeant($0) && contains(.exactKL($0)) }
  }
}

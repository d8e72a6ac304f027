/// Costs of single tokens, added to the rewards before any estimator sees them.
///
///     r_t ← r_t − β·(log π_old − log π_ref) − c
///
/// The first is the KL penalty in the reward, k1 of KL(π_old‖π_ref): Ouyang et al. 2022
/// (InstructGPT), eq. 2 (<https://arxiv.org/abs/2203.02155>), and PPO in DeepSeekMath, eq. 2. Its
/// gradient is that of the reward, so k1 does here what it cannot do in the loss. The other makes
/// every token cost something.
///
/// Meant for estimators of returns (``PolicyGradientWeight``, ``WhitenedAdvantage``, those of totals).
/// ``ProcessAdvantage`` would take every token for a step, ``NormalizedSumAdvantage`` reads components,
/// which stay as they are, and greedy rewards stay too. The estimator's `reward` is then the shaped
/// one; ``RewardGroups/statistics()`` of the groups before has the other.
///
/// Edge cases: a completion without reward stays without. An empty one has no token to pay for.
/// |log π_old − log π_ref| above ``KLEstimator/maximumExponent`` is cut to it and counted.
public struct RewardShaping: Sendable, Equatable {
  /// β ≥ 0, usually 0.01 to 0.1.
  public var klCoefficient: Double
  /// c, in reward per token; negative makes tokens earn.
  public var tokenCost: Double

  public init(klCoefficient: Double = 0, tokenCost: Double = 0) {
    precondition(klCoefficient >= 0 && klCoefficient.isFinite && tokenCost.isFinite)
    self.klCoefficient = klCoefficient
    self.tokenCost = tokenCost
  }

  /// Whether reference log-probs are needed.
  public var needsReferenceLogProb: Bool { klCoefficient > 0 }

  /// The groups with shaped rewards, and figures on the KL where it is part of them:
  /// `kl_in_reward`, the mean over tokens of scored completions before β, and
  /// `kl_in_reward_clamped_tokens`.
  ///
  /// Shapes: oldLogProb, referenceLogProb: [Σ tokenCount], in canonical order; read only where
  /// β > 0.
  public func callAsFunction(
    _ groups: RewardGroups, oldLogProb: [Double], referenceLogProb: [Double]
  ) -> (groups: RewardGroups, statistics: [(name: String, value: Double)]) {
    var shaped = groups
    var (start, tokens, clamped, sum) = (0, 0, 0, 0.0)
    for g in shaped.groups.indices {
      for i in shaped.groups[g].indices {
        let count = shaped.groups[g][i].tokenCount
        defer { start += count }
        guard let rewards = shaped.groups[g][i].rewards else { continue }
        var costs = [Double](repeating: tokenCost, count: count)
        for t in 0..<count where needsReferenceLogProb {
          let k1 = oldLogProb[start + t] - referenceLogProb[start + t]
          let limit = KLEstimator.maximumExponent
          let bounded = min(max(k1, -limit), limit)
          clamped += abs(k1) > limit ? 1 : 0
          sum += bounded
          costs[t] += klCoefficient * bounded
        }
        tokens += count
        shaped.groups[g][i].rewards = rewards.subtracting(costs)
      }
    }
    guard needsReferenceLogProb else { return (shaped, []) }
    return (
      shaped,
      [
        ("kl_in_reward", sum / Double(max(1, tokens))),
        ("kl_in_reward_clamped_tokens", Double(clamped)),
      ]
    )
  }
}

extension RewardStream {
  /// One more entry per token, after those that are there.
  fileprivate func subtracting(_ costs: [Double]) -> RewardStream {
    var shaped: [Entry] = []
    var rest = entries[...]
    for (token, cost) in costs.enumerated() {
      while let entry = rest.first, entry.token <= token {
        shaped.append(entry)
        rest = rest.dropFirst()
      }
      shaped.append(Entry(token: token, reward: -cost))
    }
    return RewardStream(shaped + rest)
  }
}

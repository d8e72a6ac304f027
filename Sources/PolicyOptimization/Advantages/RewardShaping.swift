public import Formats

/// What is added to the rewards of a step before any estimator sees them.
///
///     r_T ← r_T + f(T),   T the tokens of the completion
///     r_t ← r_t − β·(log π_old − log π_ref) − c
///
/// f is a reward for the length, at the last token. Next is the KL penalty in the reward, k1 of
/// KL(π_old‖π_ref): Ouyang et al. 2022 (InstructGPT), eq. 2 (<https://arxiv.org/abs/2203.02155>),
/// and PPO in DeepSeekMath, eq. 2. Its gradient is that of the reward, so k1 does here what it
/// cannot do in the loss. c makes every token cost something.
///
/// Meant for estimators of returns (``PolicyGradientWeight``, ``WhitenedAdvantage``, those of totals).
/// ``ProcessAdvantage`` would take every token for a step, ``NormalizedSumAdvantage`` reads components,
/// which stay as they are, and greedy rewards stay too. The estimator's `reward` is then the shaped
/// one; ``RewardGroups/metrics`` of the groups before has the other.
///
/// Edge cases: a completion without reward stays without. An empty one has no token to pay for.
/// |log π_old − log π_ref| above ``KLEstimator/maximumExponent`` is cut to it and counted.
public struct RewardShaping: Sendable {
  /// β ≥ 0, usually 0.01 to 0.1; 0 leaves the KL penalty out.
  public let klCoefficient: Double
  /// c, in reward per token; negative makes tokens earn.
  public let tokenCost: Double
  /// f, in reward, of a completion's length in tokens; nil and 0 add nothing.
  public let lengthReward: (@Sendable (_ tokens: Int) -> Double)?

  /// Creates a shaping that adds nothing unless an argument says so.
  ///
  /// - Precondition: β is finite and at least 0, and the cost of a token is finite.
  public init(
    klCoefficient: Double = 0, tokenCost: Double = 0,
    lengthReward: (@Sendable (_ tokens: Int) -> Double)? = nil
  ) {
    precondition(klCoefficient >= 0 && klCoefficient.isFinite && tokenCost.isFinite)
    (self.klCoefficient, self.tokenCost) = (klCoefficient, tokenCost)
    self.lengthReward = lengthReward
  }

  /// What the step must have computed: π_ref's log-probs where β > 0.
  public var needs: Set<ObjectiveNeed> { klCoefficient > 0 ? [.referenceLogProb] : [] }

  /// log π_old − log π_ref at a token, cut to ±20, in nats; nil where β is 0.
  public func kl(oldLogProb: Double, referenceLogProb: Double) -> Double? {
    let limit = KLEstimator.maximumExponent
    return klCoefficient > 0 ? min(max(oldLogProb - referenceLogProb, -limit), limit) : nil
  }

  /// The groups with shaped rewards, and metrics on the KL where it is part of them.
  ///
  /// Shapes: oldLogProb, referenceLogProb: [Σ tokenCount], in canonical order; the latter is read
  /// only where β > 0.
  public func callAsFunction(
    _ groups: RewardGroups, oldLogProb: [Double], referenceLogProb: [Double]?
  ) -> (groups: RewardGroups, metrics: [Metric]) {
    precondition(klCoefficient == 0 || referenceLogProb != nil, "the KL needs the reference")
    var shaped = groups
    var (start, tokens, clamped, sum) = (0, 0, 0, 0.0)
    func cost(of token: Int) -> Double {
      guard let referenceLogProb,
        let k1 = kl(oldLogProb: oldLogProb[token], referenceLogProb: referenceLogProb[token])
      else { return tokenCost }
      clamped += k1 == oldLogProb[token] - referenceLogProb[token] ? 0 : 1
      sum += k1
      return tokenCost + klCoefficient * k1
    }
    for g in shaped.groups.indices {
      for i in shaped.groups[g].indices {
        let count = shaped.groups[g][i].tokenCount
        defer { start += count }
        guard var rewards = shaped.groups[g][i].rewards else { continue }
        if let reward = lengthReward?(count), reward != 0 {
          rewards = RewardStream(
            rewards.entries + [.init(token: max(0, count - 1), reward: reward)])
        }
        if klCoefficient > 0 || tokenCost != 0 {
          rewards = rewards.subtracting((start..<start + count).map(cost))
        }
        tokens += count
        shaped.groups[g][i].rewards = rewards
      }
    }
    guard klCoefficient > 0 else { return (shaped, []) }
    return (
      shaped,
      [
        Metric(.klInReward, sum / Double(max(1, tokens))),
        Metric(.klInRewardClampedTokens, Double(clamped)),
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

extension Metric.Name {
  /// The mean of log π_old − log π_ref over the tokens of scored completions, before β.
  public static let klInReward = Metric.Name("kl_in_reward")
  /// Tokens at which it was cut.
  public static let klInRewardClampedTokens = Metric.Name("kl_in_reward_clamped_tokens")
}

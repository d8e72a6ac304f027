/// Generalized advantage estimation: residuals of a value function, summed with fading weights.
///
///     δ_t = r_t + γ·V(s_{t+1}) − V(s_t),   V = 0 after the last token
///     Â_t = δ_t + γλ·Â_{t+1} = Σ_{k≥0} (γλ)ᵏ·δ_{t+k}
///
/// Schulman et al. 2016, eq. 16 (<https://arxiv.org/abs/1506.02438>). λ = 0 is the residual alone, of
/// least variance and with all the bias of V; λ = 1 the reward-to-go less V, which is unbiased for
/// any V. In between it is the λ-return less V.
enum GeneralizedAdvantage {
  /// Shapes: rewards: [max(1, T)]; values, result: [T].
  static func advantages(
    rewards: [Double], values: [Double], discount: Double, lambda: Double
  ) -> [Double] {
    var advantages = residuals(rewards: rewards, values: values, discount: discount)
    for t in advantages.indices.dropLast().reversed() {
      advantages[t] += discount * lambda * advantages[t + 1]
    }
    return advantages
  }

  /// δ_t.
  ///
  /// Shapes: as above.
  static func residuals(
    rewards: [Double], values: [Double], discount: Double
  ) -> [Double] {
    values.indices.map { t in
      rewards[t] + discount * value(after: t, values) - values[t]
    }
  }

  /// V(s_{t+1}).
  static func value(after token: Int, _ values: [Double]) -> Double {
    token + 1 < values.count ? values[token + 1] : 0
  }
}

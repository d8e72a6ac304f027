extension Advantages {
  /// Added to the standard deviation.
  static let whiteningEpsilon = 1e-8

  /// Mean 0 and standard deviation 1 over the tokens of the completions that take part.
  ///
  ///     Â ← (Â − mean(Â)) / (std(Â) + ε),   ε = 1e-8, ddof 1
  ///
  /// The practice of PPO's implementations, on no paper's page. A long completion has more tokens,
  /// so more weight in mean and deviation. The others get exactly 0. So do all when every token
  /// has the same advantage, or there is only one.
  ///
  /// Shapes: tokenCounts, takesPart: [completions].
  func whitened(tokenCounts: [Int], takesPart: [Bool]) -> Advantages {
    let values = completions.indices.map { i in
      takesPart[i] ? completions[i].values(tokenCount: tokenCounts[i]) : []
    }
    let moments = Moments(of: values.flatMap(\.self))
    let whitened: [Completion] = completions.indices.map { i in
      guard takesPart[i], let moments, let deviation = moments.standardDeviation else {
        return .perToken(Array(repeating: 0, count: tokenCounts[i]))
      }
      return .perToken(
        values[i].map { ($0 - moments.mean) / (deviation + Self.whiteningEpsilon) })
    }
    return Advantages(completions: whitened, statistics: statistics)
  }
}

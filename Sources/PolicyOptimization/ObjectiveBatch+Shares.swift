extension ObjectiveBatch {
  /// The share of the step's unmasked tokens for which `condition` holds.
  ///
  /// With a ratio for each token it is a mean over tokens. With one for each completion it is the
  /// mean over completions of their own shares, as in TRL: a long completion's ratio is no more
  /// a ratio than a short one's. Completions without an unmasked token have no share.
  func meanShare(perCompletion: Bool, of condition: (_ token: Int) -> Bool) -> Double {
    guard perCompletion else { return maskedMean { condition($0) ? 1 : 0 } }
    let shares = self.shares(of: condition)
    return shares.reduce(0, +) / Double(max(1, shares.count))
  }

  /// The share within each completion that has an unmasked token.
  func shares(of condition: (_ token: Int) -> Bool) -> [Double] {
    completions.compactMap { range in
      let tokens = range.filter { mask[$0] }
      return tokens.isEmpty ? nil : Double(tokens.count(where: condition)) / Double(tokens.count)
    }
  }

  /// TRL's `clip_ratio/*`: shares of unmasked tokens at which a clip is active.
  ///
  /// `low_mean`, `high_mean` and `region_mean` (either side) are shares of the step; `low_min` and
  /// `high_max` the smallest and largest share among the completions that have an unmasked token.
  /// All are 0 when none has.
  func clipStatistics(
    perCompletion: Bool, side: (_ token: Int) -> ClippedSurrogate.ClippedSide?
  ) -> [(name: String, value: Double)] {
    func mean(_ condition: (_ token: Int) -> Bool) -> Double {
      meanShare(perCompletion: perCompletion, of: condition)
    }
    return [
      ("clip_ratio/low_mean", mean { side($0) == .low }),
      ("clip_ratio/low_min", shares { side($0) == .low }.min() ?? 0),
      ("clip_ratio/high_mean", mean { side($0) == .high }),
      ("clip_ratio/high_max", shares { side($0) == .high }.max() ?? 0),
      ("clip_ratio/region_mean", mean { side($0) != nil }),
    ]
  }
}

extension ObjectiveBatch {
  /// Σ m·x / max(1, Σ m) over the step's tokens; `x` is asked for unmasked tokens only.
  func maskedMean(_ x: (_ token: Int) -> Double) -> Double {
    var (sum, tokens) = (0.0, 0)
    for t in mask.indices where mask[t] {
      sum += x(t)
      tokens += 1
    }
    return sum / Double(max(1, tokens))
  }
}

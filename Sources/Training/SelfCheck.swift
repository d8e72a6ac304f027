internal import PolicyOptimization

/// What every objective for which advantages count must do, asked at the first update.
///
/// At π_θ = π_old the policy term is linear in the advantages, whatever its clip; so for the
/// coefficients d(Â) of the log-probs
///
///     d(Â) + d(−Â) = 2·d(0)          negating the advantages negates the policy term
///     d(Â) ≠ d(permuted Â)           exchanging them changes the gradient
///
/// The second fails where a loss has lost its reward (a ratio that is a constant, a mask that
/// takes everything); the first where a sign or a clip is wrong. Cost: four passes over a step's
/// numbers, once a run.
enum SelfCheck {
  /// What is wrong with an objective; nil for nothing, or where these inputs cannot tell.
  static func problem(of objective: any Objective, at given: ObjectiveBatch) -> String? {
    var inputs = given
    // What the heads would say is the same in all four passes.
    inputs.klOld = inputs.klOld ?? inputs.mask.map { _ in 0 }
    inputs.klReference = inputs.klReference ?? inputs.mask.map { _ in 0 }
    let differs = inputs.mask.indices.contains {
      inputs.mask[$0] && inputs.advantage[$0] != 0
    }
    guard differs else { return nil }
    func coefficients(_ advantage: [Double]) -> [Double] {
      var changed = inputs
      changed.advantage = advantage
      return objective(changed).dLogProb
    }
    let plain = coefficients(inputs.advantage)
    let negated = coefficients(inputs.advantage.map { -$0 })
    let none = coefficients(inputs.advantage.map { _ in 0 })
    let scale = plain.reduce(0) { max($0, abs($1)) }
    for t in inputs.mask.indices where inputs.mask[t] {
      // Each side is a few roundings of numbers of this size.
      if abs(plain[t] + negated[t] - 2 * none[t]) > 1e-9 * scale {
        return "negating the advantages does not negate the policy term (token \(t))"
      }
    }
    // The advantages of a completion go to the next one, the last one's to the first.
    let byCompletion = inputs.completions.map { range in range.map { inputs.advantage[$0] } }
    let rotated = inputs.completions.indices.flatMap { i in
      let source = byCompletion[(i + byCompletion.count - 1) % byCompletion.count]
      return inputs.completions[i].indices.map { source.isEmpty ? 0 : source[$0 % source.count] }
    }
    if rotated != inputs.advantage, coefficients(rotated) == plain {
      return "exchanging the advantages of completions does not change the gradient"
    }
    return nil
  }
}

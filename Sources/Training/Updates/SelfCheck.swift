package import PolicyOptimization

/// What every objective for which advantages count must do, asked at the first update that can tell.
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
package enum SelfCheck {
  package enum Verdict: Equatable {
    case sound
    /// These inputs cannot tell: no advantages where the policy term is, the same ones for all
    /// completions, or such small ones that they may be lost in rounding.
    case undecided
    /// What is wrong.
    case broken(String)
  }

  package static func verdict(
    of objective: any Objective, at given: ObjectiveBatch
  ) -> Verdict {
    var inputs = given
    // The outputs of the heads are the same in all four passes.
    inputs.klOld = inputs.klOld ?? inputs.mask.map { _ in 0 }
    inputs.klReference = inputs.klReference ?? inputs.mask.map { _ in 0 }
    let carries = objective.tokenTerms(of: inputs).isInPolicyTerm
    let largest = inputs.mask.indices.reduce(0) {
      carries[$1] ? max($0, abs(inputs.advantage[$1])) : $0
    }
    guard largest > smallestAdvantage else { return .undecided }
    func coefficients(_ advantage: [Double]) -> [Double] {
      var changed = inputs
      changed.advantage = advantage
      return objective(changed).dLogProb
    }
    let plain = coefficients(inputs.advantage)
    let negated = coefficients(inputs.advantage.map { -$0 })
    let none = coefficients(inputs.advantage.map { _ in 0 })
    let scale = zip(plain, none).reduce(0) { max($0, abs($1.0), abs($1.1)) }
    for t in inputs.mask.indices where inputs.mask[t] {
      // Each side is a few roundings of numbers of this size.
      if abs(plain[t] + negated[t] - 2 * none[t]) > 1e-9 * scale {
        return .broken("negating the advantages does not negate the policy term (token \(t))")
      }
    }
    // The advantages of a completion go to the next one, the last one's to the first.
    let byCompletion = inputs.completions.map { range in range.map { inputs.advantage[$0] } }
    let rotated = inputs.completions.indices.flatMap { i in
      let source = byCompletion[(i + byCompletion.count - 1) % byCompletion.count]
      return inputs.completions[i].indices.map { source.isEmpty ? 0 : source[$0 % source.count] }
    }
    // A ratio that a completion's tokens share sees the sum of their advantages alone.
    let change = inputs.completions.reduce(0) { most, tokens in
      max(
        most, abs(tokens.reduce(0) { $0 + (carries[$1] ? rotated[$1] - inputs.advantage[$1] : 0) }))
    }
    // A token's weight is 1 / (completions · 2¹⁶ tokens) or more, and 2⁻⁵³ of a number is lost in
    // rounding it: a change below this may leave d as it is.
    let share = 0x1p-32 * Double(inputs.completions.count)
    let others = none.reduce(0) { max($0, abs($1)) }
    guard change > max(smallestAdvantage, 1e-9 * largest, share * others) else {
      return .undecided
    }
    if coefficients(rotated) == plain {
      return .broken("exchanging the advantages of completions does not change the gradient")
    }
    return .sound
  }

  /// Below this, products with weights may not be normal numbers, which loses their digits.
  private static let smallestAdvantage = 1e-200
}

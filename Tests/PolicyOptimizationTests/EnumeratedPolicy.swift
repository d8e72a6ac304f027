import Foundation

/// A softmax policy over three tokens whose completions can all be listed: expectations are sums.
///
/// Token 0 ends a completion; so does its last possible token. A state is the history of tokens 1
/// and 2: state 0 is the prompt alone, and token a leads from s to 2s + a. Every state has logits of
/// its own, which are the parameters. Gradients are flat: [states · 3].
struct EnumeratedPolicy: Sendable {
  struct Completion: Sendable {
    var tokens: [Int]
    /// The state before each token.
    var states: [Int]
  }

  let maximumTokens: Int
  /// Shape: [states · 3].
  var logits: [Double]

  /// Logits that follow no pattern a mistake could hide in; `variant` makes different policies.
  init(maximumTokens: Int, variant: Double = 0) {
    self.maximumTokens = maximumTokens
    let count = 3 * ((1 << maximumTokens) - 1)
    logits = (0..<count).map { i in
      let x = Double(i)
      return sin(1.7 * x + 0.4) + 0.3 * variant * cos(2.3 * x * x + 1)
    }
  }

  var states: Range<Int> { 0..<logits.count / 3 }

  func probabilities(in state: Int) -> [Double] {
    let weights = logits[3 * state..<3 * state + 3].map { exp($0) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  /// How many tokens precede a state.
  func depth(of state: Int) -> Int {
    var (state, depth) = (state, 0)
    while state > 0 { (state, depth) = ((state - 1) / 2, depth + 1) }
    return depth
  }

  /// nil where the token ends the completion.
  func next(_ state: Int, _ token: Int) -> Int? {
    token == 0 || depth(of: state) + 1 == maximumTokens ? nil : 2 * state + token
  }

  /// All of them.
  var completions: [Completion] {
    func extend(_ prefix: Completion, from state: Int) -> [Completion] {
      (0..<3).flatMap { token -> [Completion] in
        let longer = Completion(tokens: prefix.tokens + [token], states: prefix.states + [state])
        return next(state, token).map { extend(longer, from: $0) } ?? [longer]
      }
    }
    return extend(Completion(tokens: [], states: []), from: 0)
  }

  func logProbs(_ completion: Completion) -> [Double] {
    zip(completion.states, completion.tokens).map { log(probabilities(in: $0)[$1]) }
  }

  func probability(_ completion: Completion) -> Double {
    zip(completion.states, completion.tokens).reduce(1) {
      $0 * probabilities(in: $1.0)[$1.1]
    }
  }

  /// The probability that a completion passes through each state.
  var visits: [Double] {
    var visits = states.map { _ in 0.0 }
    visits[0] = 1
    for state in states {
      for (token, probability) in probabilities(in: state).enumerated() {
        if let after = next(state, token) { visits[after] += visits[state] * probability }
      }
    }
    return visits
  }

  /// Σ_t c_t·∇log π(o_t|s_t).
  func gradient(_ completion: Completion, coefficients: [Double]) -> [Double] {
    var gradient = logits.map { _ in 0.0 }
    for (t, coefficient) in coefficients.enumerated() {
      add(coefficient, state: completion.states[t], token: completion.tokens[t], to: &gradient)
    }
    return gradient
  }

  /// Σ_s d(s)·Σ_a π(a|s)·w(s, a)·∇log π(a|s): an expectation over states, not over completions.
  func gradient(
    visits: [Double], weight: (_ state: Int, _ token: Int) -> Double
  ) -> [Double] {
    var gradient = logits.map { _ in 0.0 }
    for state in states {
      for (token, probability) in probabilities(in: state).enumerated() {
        add(
          visits[state] * probability * weight(state, token), state: state, token: token,
          to: &gradient)
      }
    }
    return gradient
  }

  /// ∇log π(a|s) = e_a − π(·|s).
  private func add(
    _ coefficient: Double, state: Int, token: Int, to gradient: inout [Double]
  ) {
    for (other, probability) in probabilities(in: state).enumerated() {
      let slope = (other == token ? 1 : 0) - probability
      gradient[3 * state + other] += coefficient * slope
    }
  }

  /// ∂f/∂logits by central differences: h² of truncation, 1e-16/h of round-off.
  func numericalGradient(of f: (EnumeratedPolicy) -> Double) -> [Double] {
    let h = 1e-5
    return logits.indices.map { i in
      var (above, below) = (self, self)
      above.logits[i] += h
      below.logits[i] -= h
      return (f(above) - f(below)) / (2 * h)
    }
  }
}

/// Rewards along the way, a discount, and what is exact about them.
struct EnumeratedTask: Sendable {
  var policy: EnumeratedPolicy
  var discount: Double
  /// r(s, a).
  var reward: @Sendable (_ state: Int, _ token: Int) -> Double

  /// A reward at every token, γ = 0.9.
  static func dense(_ policy: EnumeratedPolicy, discount: Double = 0.9) -> EnumeratedTask {
    EnumeratedTask(policy: policy, discount: discount) { state, token in
      0.6 + cos(0.9 * Double(state) + 1.3 * Double(token))
    }
  }

  /// 1 at the end of every other completion, γ = 1.
  static func binary(_ policy: EnumeratedPolicy) -> EnumeratedTask {
    EnumeratedTask(policy: policy, discount: 1) { state, token in
      policy.next(state, token) == nil && (state + token) % 2 == 1 ? 1 : 0
    }
  }

  func rewards(_ completion: EnumeratedPolicy.Completion) -> [Double] {
    zip(completion.states, completion.tokens).map { reward($0, $1) }
  }

  /// J(θ) = Σ_o π(o)·Σ_t γᵗ·r_t.
  func expectedReturn(_ policy: EnumeratedPolicy) -> Double {
    policy.completions.reduce(0) { sum, completion in
      let value = rewards(completion).reversed().reduce(0) { $1 + discount * $0 }
      return sum + policy.probability(completion) * value
    }
  }

  /// V(s) of the policy, from the longest histories back.
  var values: [Double] {
    var values = policy.states.map { _ in 0.0 }
    for state in policy.states.reversed() {
      values[state] = policy.probabilities(in: state).enumerated().reduce(0) {
        $0 + $1.element * actionValue(state, $1.offset, values)
      }
    }
    return values
  }

  /// r(s, a) + γ·V(s′).
  func actionValue(_ state: Int, _ token: Int, _ values: [Double]) -> Double {
    reward(state, token) + discount * (policy.next(state, token).map { values[$0] } ?? 0)
  }

  /// ∇J by the policy gradient theorem, over states: γᵗ·Q(s, a).
  var exactGradient: [Double] {
    let values = values
    return policy.gradient(visits: policy.visits) { state, token in
      pow(discount, Double(policy.depth(of: state))) * actionValue(state, token, values)
    }
  }
}

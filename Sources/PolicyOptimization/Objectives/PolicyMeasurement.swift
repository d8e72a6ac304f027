public import Formats

/// Where the policy stands, as means over a batch's unmasked tokens: what coefficients adapt to.
public struct PolicyMeasurement: Sendable, Equatable {
  /// The divergence between π_θ and π_ref, in nats and in the penalty's direction; nil without a
  /// penalty.
  public var klReference: Double?
  /// The divergence between π_θ and π_old, in nats and in the penalty's direction; nil without a
  /// penalty.
  public var klOld: Double?
  /// The entropy of π_θ, in nats; nil where it is not known.
  public var entropy: Double?

  /// Creates a measurement; what is not given is not known.
  public init(klReference: Double? = nil, klOld: Double? = nil, entropy: Double? = nil) {
    (self.klReference, self.klOld, self.entropy) = (klReference, klOld, entropy)
  }

  /// The measurement of a rollout: the mean of its parts', weighted by their unmasked tokens.
  public init(of parts: [(measurement: PolicyMeasurement, tokens: Int)]) {
    let tokens = Double(max(1, parts.reduce(0) { $0 + $1.tokens }))
    func mean(_ value: KeyPath<PolicyMeasurement, Double?>) -> Double? {
      parts.reduce(nil) { sum, part in
        part.measurement[keyPath: value].map { (sum ?? 0) + Double(part.tokens) / tokens * $0 }
          ?? sum
      }
    }
    self.init(klReference: mean(\.klReference), klOld: mean(\.klOld), entropy: mean(\.entropy))
  }

  /// `kl`, `kl_old` and `entropy`, those that are known.
  public var metrics: [Metric] {
    let named: [(Metric.Name, Double?)] = [
      (.kl, klReference), (.oldKL, klOld), (.entropy, entropy),
    ]
    return named.compactMap { name, value in value.map { Metric(name, $0) } }
  }
}

internal import PolicyOptimization

extension Surrogate: Choice {
  static var all: [Surrogate] {
    [
      .policyGradient, .ratio, .clipped(ClippedSurrogate()), .cispo(CISPO()), .sapo(SAPO()),
      .gmpo(GMPO()), .vespo(VESPO()),
    ]
  }

  var name: String {
    switch self {
    case .policyGradient: "policy-gradient"
    case .ratio: "ratio"
    case .clipped: "clip"
    case .cispo: "cispo"
    case .sapo: "sapo"
    case .gmpo: "gmpo"
    case .vespo: "vespo"
    }
  }

  mutating func declare(_ fields: Fields) {
    switch self {
    case .policyGradient, .ratio: break
    case .clipped(let surrogate): self = .clipped(fields.declared(surrogate))
    case .cispo(let surrogate): self = .cispo(fields.declared(surrogate))
    case .sapo(let surrogate): self = .sapo(fields.declared(surrogate))
    case .gmpo(let surrogate): self = .gmpo(fields.declared(surrogate))
    case .vespo(let surrogate): self = .vespo(fields.declared(surrogate))
    }
  }
}

extension ClippedSurrogate: Keyed {
  mutating func declare(_ fields: Fields) {
    fields.declareClip(&epsilonLow, &epsilonHigh)
    fields(
      "delta", &delta, .number(above: 1, through: 1e6),
      "The largest ratio that counts where the advantage is negative (two-sided clipping).",
      default: "no bound")
    fields(
      "dual_clip", &dualClip, .number(above: 1, through: 1e6),
      "c of dual-clip PPO: the loss of a negative advantage A is at most −c·A.",
      default: "no bound")
  }
}

extension CISPO: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "epsilon_high", &maximumRatio, .number(above: 0, through: 1e6),
      "The largest importance weight, itself and not 1 + ε.")
  }
}

extension SAPO: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "sapo_temperature_pos", &positiveTemperature, .number(above: 0, through: 1000),
      "τ of tokens with a positive advantage; a larger one fades sooner.")
    fields(
      "sapo_temperature_neg", &negativeTemperature, .number(above: 0, through: 1000),
      "τ of tokens with a negative advantage.")
  }
}

extension GMPO: Keyed {
  mutating func declare(_ fields: Fields) {
    fields.declareClip(
      &epsilonLow, &epsilonHigh,
      "ε: a token's log-ratio is clipped below at −ε where the advantage is negative, and above at ε "
        + "where it is positive and epsilon_high is absent.",
      "A token's log-ratio is clipped above at this where the advantage is positive.")
  }
}

extension VESPO: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "vespo_k_pos", &positive.exponent, .number(above: 0, through: 1000),
      "k of the weight w^k·exp(λ·(1 − w)) of the completion's ratio w, for positive advantages.")
    fields(
      "vespo_lambda_pos", &positive.rate, .number(above: 0, through: 1000),
      "λ of that weight, for positive advantages.")
    fields(
      "vespo_k_neg", &negative.exponent, .number(above: 0, through: 1000),
      "k of that weight, for negative advantages.")
    fields(
      "vespo_lambda_neg", &negative.rate, .number(above: 0, through: 1000),
      "λ of that weight, for negative advantages.")
  }
}

extension Fields {
  /// Declares the two sides of a clip, of which the upper one follows the lower.
  fileprivate func declareClip(
    _ low: inout Double, _ high: inout Double,
    _ meaning: String =
      "ε: ratios are clipped below at 1 − ε, and above at 1 + ε where epsilon_high is absent.",
    _ meaningOfHigh: String = "Ratios are clipped above at 1 + this."
  ) {
    self("epsilon", &low, .number(above: 0, below: 1), meaning, also: ["cliprange", "epsilon_low"])
    if isReading, has("epsilon") { high = low }
    self(
      "epsilon_high", &high, .number(above: 0, through: 100), meaningOfHigh,
      default: "epsilon, or the algorithm's own")
  }
}

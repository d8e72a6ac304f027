public import PolicyOptimization

extension Recipe {
  /// How the rewards of a step become advantages: `advantage`, with the estimator's own keys.
  public struct Advantage: Sendable, Equatable {
    var named: any NamedEstimator

    /// The estimator itself.
    public var estimator: any AdvantageEstimator { named }

    /// The name in a recipe.
    public var name: String { named.name }

    package init(_ estimator: any NamedEstimator) { named = estimator }

    /// Whether both are the same estimator with the same settings.
    public static func == (a: Self, b: Self) -> Bool { a.named.equals(b.named) }
  }
}

extension Recipe.Advantage: Choice {
  static var all: [Self] {
    let estimators: [any NamedEstimator] = [
      GroupRelativeAdvantage(), SoftmaxAdvantage(), RankAdvantage(), LeaveOneOutAdvantage(),
      NormalizedSumAdvantage(), MaximumLikelihoodAdvantage(), WhitenedAdvantage(),
      GreedyBaselineAdvantage(), ProcessAdvantage(),
    ]
    let weights = PolicyGradientWeight.Form.allCases.map { PolicyGradientWeight(form: $0) }
    return (estimators + weights).map(Self.init)
  }

  mutating func declare(_ fields: Fields) { named.declare(fields) }
}

/// An estimator that a recipe can name, and its keys.
package protocol NamedEstimator: AdvantageEstimator, Equatable {
  /// The name in a recipe.
  var name: String { get }

  /// Declares its keys; by default there are none.
  mutating func declare(_ fields: Fields)
}

extension NamedEstimator {
  package mutating func declare(_ fields: Fields) {}

  fileprivate func equals(_ other: any NamedEstimator) -> Bool { other as? Self == self }
}

// MARK: Names and keys

extension GroupRelativeAdvantage: NamedEstimator {
  package var name: String { "group" }

  package mutating func declare(_ fields: Fields) {
    fields(
      "scale_rewards", &scale, .choice,
      "The standard deviation that divides the advantages: of the `group`, of the `batch`, or "
        + "`none`.")
  }
}

extension SoftmaxAdvantage: NamedEstimator {
  package var name: String { "softmax" }

  package mutating func declare(_ fields: Fields) {
    fields(
      "advantage_beta", &beta, .number(above: 0, through: 1000),
      "β, the inverse temperature of the softmax over a group's rewards. It is not train.beta.")
    fields(
      "advantage_scale", &scale, .choice,
      "`none`, the formula itself, or `centred`, times G/β, which for β → 0 is the reward minus the "
        + "group's mean.")
  }
}

extension RankAdvantage: NamedEstimator {
  package var name: String { "rank" }
}

extension LeaveOneOutAdvantage: NamedEstimator {
  package var name: String { "leave-one-out" }
}

extension NormalizedSumAdvantage: NamedEstimator {
  package var name: String { "normalized-sum" }
}

extension MaximumLikelihoodAdvantage: NamedEstimator {
  package var name: String { "maximum-likelihood" }
}

extension WhitenedAdvantage: NamedEstimator {
  package var name: String { "whitened" }

  package mutating func declare(_ fields: Fields) {
    var (discount, baseline) = (discount, baseline)
    fields("gamma", &discount, .number(0...1), "γ, the discount of later rewards.")
    fields(
      "whitened_baseline", &baseline, .choice,
      "What is subtracted from the rewards before they are whitened: nothing (`none`) or the mean "
        + "of the group.")
    if baseline == .groupMean, discount < 1 {
      fields.failWithoutEffect(
        "gamma", "has no effect with whitened_baseline group-mean, which weighs whole completions")
      discount = 1
    }
    self = WhitenedAdvantage(discount: discount, baseline: baseline)
  }
}

extension GreedyBaselineAdvantage: NamedEstimator {
  package var name: String { "greedy-baseline" }
}

extension ProcessAdvantage: NamedEstimator {
  package var name: String { "process" }
}

extension PolicyGradientWeight: NamedEstimator {
  package var name: String { form.rawValue }

  package mutating func declare(_ fields: Fields) {
    var (discount, lambda, steps) = (discount, lambda, steps)
    var (baseline, outer, whitens) = (baseline, outerDiscount, whitens)
    fields("gamma", &discount, .number(0...1), "γ, the discount of later rewards.")
    if form == .advantage {
      fields(
        "td_steps", &steps, .integer(1...65536),
        "k of the k-step advantage, in place of GAE.", default: "GAE with lam")
      fields(
        "lam", &lambda, .number(0...1), "λ of generalized advantage estimation (GAE).",
        when: .absent("td_steps", isPresent: steps != nil))
    }
    if form.usesBaseline {
      fields(
        "baseline", &baseline, .choice,
        "The baseline b: `leave-one-out`, the mean return of the question's other completions; "
          + "`group-mean`, of all of them; `value`, a value function.")
    }
    if form != .totalReward {
      fields(
        "outer_discount", &outer, .flag,
        "Weights token t by γ^t, too, as the gradient of the discounted return does.",
        when: .key("gamma", discount, below: 1))
    }
    fields(
      "whiten_advantages", &whitens, .flag,
      "Whitens the advantages over the step: mean 0, standard deviation 1.")
    self = PolicyGradientWeight(
      form: form, discount: discount, lambda: lambda, steps: steps, baseline: baseline,
      outerDiscount: outer && discount < 1, whitens: whitens)
  }
}

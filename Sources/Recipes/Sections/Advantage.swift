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
    fields("scale_rewards", &scale, .choice)
  }
}

extension SoftmaxAdvantage: NamedEstimator {
  package var name: String { "softmax" }

  package mutating func declare(_ fields: Fields) {
    fields("advantage_beta", &beta, .number(above: 0, through: 1000))
    fields("advantage_scale", &scale, .choice)
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
    fields("gamma", &discount, .number(0...1))
    fields("whitened_baseline", &baseline, .choice)
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
    let reason = "has no effect with advantage \(name)"
    fields("gamma", &discount, .number(0...1))
    fields.group(when: form == .advantage, else: reason) {
      fields("td_steps", &steps, .integer(1...65536))
      fields(
        "lam", &lambda, .number(0...1), when: steps == nil, else: "has no effect with td_steps")
    }
    fields("baseline", &baseline, .choice, when: form.usesBaseline, else: reason)
    fields.group(when: form != .totalReward, else: reason) {
      fields(
        "outer_discount", &outer, .flag, when: discount < 1, else: "has no effect with gamma 1")
    }
    fields("whiten_advantages", &whitens, .flag)
    self = PolicyGradientWeight(
      form: form, discount: discount, lambda: lambda, steps: steps, baseline: baseline,
      outerDiscount: outer && discount < 1, whitens: whitens)
  }
}

public import Evaluation

extension ComparisonResult {
  /// What variants are compared by.
  public enum Quantity: Sendable, Hashable {
    /// Held-out greedy accuracy after training, from 0 to 1.
    case accuracy
    /// The mean reward over the last tenth of the steps.
    case reward
    /// A metric's mean over the last tenth of the steps.
    case metric(String)

    /// As in files: `accuracy`, `reward`, or the metric's name.
    public var name: String {
      switch self {
      case .accuracy: "accuracy"
      case .reward: "reward"
      case .metric(let name): name
      }
    }
  }

  /// How two variants differ, run by run of the same recipe and seed.
  ///
  ///     d_s = variant_s − baseline_s,   difference = mean(d)
  ///
  /// Runs of one seed share a warm start and the order of the questions, so their difference is
  /// free of what these make of both. The interval is Student's t over seeds.
  public struct Difference: Sendable, Equatable {
    /// nil for all recipes: d_s is then the mean over the recipes, of a seed that every one of them
    /// has both runs with.
    public var recipe: String?
    /// What the variants differ in.
    public var quantity: Quantity
    /// The variant that the other one is taken from.
    public var variant: String
    /// The variant that is taken from the other one.
    public var baseline: String
    /// Over seeds; nil where no seed has both runs.
    public var estimate: MeanEstimate?

    /// 95 %; nil for fewer than two seeds.
    public var interval: ClosedRange<Double>? { estimate?.studentInterval }
  }

  /// What the runs have values of: accuracy, reward, and the comparison's metrics.
  public var quantities: [Quantity] {
    let metrics = metrics.filter { $0 != Quantity.reward.name }.map(Quantity.metric)
    return ([.accuracy, .reward] + metrics).filter { quantity in
      runs.contains { value(of: quantity, in: $0) != nil }
    }
  }

  /// Every later variant less every earlier one, by every quantity: of each recipe and, where there
  /// are several, of all together.
  public var differences: [Difference] {
    let scopes = recipes.map(Optional.some) + (recipes.count > 1 ? [nil] : [])
    let quantities = quantities.map { ($0, values(of: $0)) }
    return scopes.flatMap { recipe in
      quantities.flatMap { quantity, values in
        variants.indices.flatMap { later in
          variants[..<later].map { baseline in
            Difference(
              recipe: recipe, quantity: quantity, variant: variants[later], baseline: baseline,
              estimate: difference(
                of: variants[later], from: baseline, in: recipe.map { [$0] } ?? recipes, values))
          }
        }
      }
    }
  }

  private struct RunKey: Hashable {
    var recipe: String
    var seed: Int
    var variant: String
  }

  private func values(of quantity: Quantity) -> [RunKey: Double] {
    runs.reduce(into: [:]) { values, run in
      values[RunKey(recipe: run.recipe, seed: run.seed, variant: run.variant)] = value(
        of: quantity, in: run)
    }
  }

  /// The mean over seeds; of each seed the mean over the recipes, where both runs of all are known.
  private func difference(
    of variant: String, from baseline: String, in recipes: [String], _ values: [RunKey: Double]
  ) -> MeanEstimate? {
    let seeds = Set(runs.map(\.seed)).sorted()
    return MeanEstimate(
      of: seeds.compactMap { seed in
        let own = recipes.compactMap { recipe -> Double? in
          let value = values[RunKey(recipe: recipe, seed: seed, variant: variant)]
          let other = values[RunKey(recipe: recipe, seed: seed, variant: baseline)]
          guard let value, let other else { return nil }
          return value - other
        }
        return own.count == recipes.count ? MeanEstimate(of: own)?.mean : nil
      })
  }

  private func value(of quantity: Quantity, in run: ComparedRun) -> Double? {
    if run.status.isMissing { return nil }
    switch quantity {
    case .accuracy: return run.after
    case .reward: return run.reward
    case .metric(let name):
      guard let index = metrics.firstIndex(of: name), run.metrics.indices.contains(index) else {
        return nil
      }
      return run.metrics[index]
    }
  }
}

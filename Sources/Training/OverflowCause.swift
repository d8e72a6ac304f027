internal import Recipes

/// Why the numbers of an update overflow.
public enum OverflowCause: Sendable, Equatable {
  /// What is learned from is too large: `rewards`, or the `scores` of a file, with the largest
  /// magnitude.
  case values(String, largest: Double)
  /// The weights grew too far; `stepKey` is the recipe's key, or the option, that makes steps
  /// shorter.
  case weights(stepKey: String)

  /// No honest reward is nearly as large, and rewards that overflow are far larger: their squares
  /// leave the range of Float from 1.8e19 on.
  private static let suspicious = 1e12

  /// - Parameters:
  ///   - values: What was learned from, called `name`.
  init(_ name: String, _ values: some Sequence<Double>, stepKey: String) {
    let largest = values.reduce(0) { max($0, abs($1)) }
    self =
      largest < Self.suspicious ? .weights(stepKey: stepKey) : .values(name, largest: largest)
  }
}

extension Recipe.Update {
  /// The key that makes steps shorter.
  var stepKey: String {
    switch self {
    case .adam: "train.learning_rate"
    case .lineSearch: "train.line_search_initial_step"
    case .trustRegion: "train.max_kl"
    }
  }
}

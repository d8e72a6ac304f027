internal import Rewards

/// What a value may be: messages, the reference and the schema all say it from this one place.
package indirect enum Shape: Sendable {
  case wholeNumber(ClosedRange<Int>, except: Set<Int> = [])
  case number(Interval)
  case flag
  /// `name` is what a message calls it: "a text", "a path".
  case text(name: String)
  case name([String])
  case list(Shape, count: ClosedRange<Int>)
  /// A map whose keys the recipe's author chooses; `name` says of what.
  case map(name: String)
  /// A map of keys that are declared.
  case section(@Sendable () -> [RecipeKey])
  case either([Shape], name: String)

  /// Numbers between two bounds.
  package struct Interval: Sendable {
    var lower: Double
    var upper: Double
    var includesLower = true
    var includesUpper = true

    func contains(_ value: Double) -> Bool {
      (includesLower ? lower <= value : lower < value)
        && (includesUpper ? value <= upper : value < upper)
    }

    fileprivate var words: String {
      if includesLower, upper == .greatestFiniteMagnitude { return "from \(lower.plain) up" }
      return switch (includesLower, includesUpper) {
      case (true, true): "from \(lower.plain) to \(upper.plain)"
      case (true, false): "from \(lower.plain), below \(upper.plain)"
      case (false, true): "above \(lower.plain), at most \(upper.plain)"
      case (false, false): "above \(lower.plain), below \(upper.plain)"
      }
    }
  }

  /// The permitted values in words: "a whole number from 1 to 1000".
  package var words: String {
    switch self {
    case .wholeNumber(let range, let refused):
      let upper = range.upperBound == .max ? "up" : "to \(range.upperBound)"
      let exceptions = refused.sorted().map(String.init).joined(separator: " and ")
      return "a whole number from \(range.lowerBound) \(upper)"
        + (refused.isEmpty ? "" : ", except \(exceptions)")
    case .number(let interval): return "a number \(interval.words)"
    case .flag: return "true or false"
    case .text(let name), .map(let name), .either(_, let name): return name
    case .name(let names):
      return names.count > 2
        ? "one of \(names.joined(separator: ", "))" : names.joined(separator: " or ")
    case .list(let item, let count):
      let range =
        count.lowerBound == count.upperBound
        ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
      return "a list of \(range) items, each \(item.words)"
    case .section: return "a map"
    }
  }
}

extension Shape {
  init(_ values: BuiltInReward.Option.Values) {
    self =
      switch values {
      case .flag: .flag
      case .number(let range): .number(.init(lower: range.lowerBound, upper: range.upperBound))
      case .integer(let range): .wholeNumber(range)
      case .text: .text(name: "a text")
      case .choice(let names): .name(names)
      }
  }
}

extension String {
  /// With a capital at its beginning and a full stop at its end.
  var asSentence: String { prefix(1).uppercased() + dropFirst() + (hasSuffix(".") ? "" : ".") }

  /// The text of a number without a final `.0`.
  package var withoutZeroFraction: String {
    hasSuffix(".0") && Double(self) != nil ? String(dropLast(2)) : self
  }
}

extension Double {
  /// The shortest decimal, without a final `.0`.
  package var plain: String {
    description.withoutZeroFraction
  }
}

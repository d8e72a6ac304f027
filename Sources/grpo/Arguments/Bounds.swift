import ArgumentParser

/// Checks of values from the command line.
enum Bounds {
  static func check(_ option: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
    guard let value, !range.contains(value) else { return }
    let need =
      range.upperBound == .max
      ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
    throw ValidationError("\(option): got \(value); need \(need)")
  }

  /// Not a number is in no range; `special` is allowed beside it.
  static func check(
    _ option: String, _ value: Double?, _ range: ClosedRange<Double>, or special: Double? = nil
  ) throws {
    guard let value, !range.contains(value), value != special else { return }
    let other = special.map { "\(NumberFormat.short($0)), or " } ?? ""
    throw ValidationError(
      "\(option): got \(NumberFormat.short(value)); need \(other)\(words(range))")
  }

  /// Refuses an empty path, which would stand for the root of the file system or for no file.
  static func check(_ option: String, path: String?) throws {
    guard path?.isEmpty == true else { return }
    throw ValidationError("\(option): got an empty text; need a path")
  }

  /// Refuses options that were given though they have no effect.
  static func refuse(_ options: [(name: String, isGiven: Bool)], because reason: String) throws {
    for option in options where option.isGiven {
      throw ValidationError("\(option.name): has no effect \(reason)")
    }
  }

  static func words(_ range: ClosedRange<Double>) -> String {
    "\(NumberFormat.short(range.lowerBound)) to \(NumberFormat.short(range.upperBound))"
  }

  static func check(
    _ option: String, _ value: Double?, above lower: Double, through upper: Double
  ) throws {
    guard let value, !(value > lower && value <= upper) else { return }
    throw ValidationError(
      "\(option): got \(NumberFormat.short(value)); need more than \(NumberFormat.short(lower)), "
        + "at most \(NumberFormat.short(upper))")
  }
}

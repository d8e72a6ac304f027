import ArgumentParser

/// Range checks of numbers from the command line.
enum Bounds {
  static func check(_ option: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
    guard let value, !range.contains(value) else { return }
    throw ValidationError(
      "\(option): got \(value); need \(range.lowerBound) to \(range.upperBound)")
  }

  /// Not a number is in no range.
  static func check(_ option: String, _ value: Double?, _ range: ClosedRange<Double>) throws {
    guard let value, !range.contains(value) else { return }
    throw ValidationError(
      "\(option): got \(Figures.short(value)); need \(Figures.short(range.lowerBound)) to "
        + Figures.short(range.upperBound))
  }

  static func check(
    _ option: String, _ value: Double?, above lower: Double, through upper: Double
  ) throws {
    guard let value, !(value > lower && value <= upper) else { return }
    throw ValidationError(
      "\(option): got \(Figures.short(value)); need more than \(Figures.short(lower)), "
        + "at most \(Figures.short(upper))")
  }
}

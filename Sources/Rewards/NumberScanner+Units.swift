// Exponents of units, which are no numbers.

extension NumberScanner {
  private static let lengths: Set<String> = [
    "m", "mm", "cm", "dm", "km", "nm", "\u{B5}m", "\u{3BC}m", "um", "meter", "meters", "metre",
    "metres", "in", "inch", "inches", "ft", "foot", "feet", "yd", "yard", "yards", "mi", "mile",
    "miles",
  ]
  private static let times: Set<String> = [
    "s", "ms", "sec", "second", "seconds", "min", "h", "hr", "hour", "hours",
  ]
  /// Units that have negative exponents as plain digits too.
  private static let divisors: Set<String> = ["g", "kg", "mol", "K"]
  /// What else another unit stands beside without a sign.
  private static let others: Set<String> = [
    "mg", "lb", "N", "kN", "J", "kJ", "W", "kW", "kWh", "Wh", "Pa", "A", "V", "C", "L", "l", "Hz",
    "square", "sq", "cubic", "cu", "per",
  ]

  /// Where the exponent of a unit ends that stands apart from its number: `25 cm^2`, 25 cm2.
  func unitExponent(at start: Int) -> Int? {
    if at(start) == "^" {
      let isBehindUnit =
        isLetter(at: start - 1) || (at(start - 1) == "}" && isLetter(at: start - 2))
      return isBehindUnit ? exponent(at: start)?.end : nil
    }
    guard let (unit, end) = plainExponent(at: start, from: lastEnd),
      isBehindNumber(unit)
    else { return nil }
    return end
  }

  /// The exponent of a unit as a plain digit, and where the unit begins at or behind `least`: m2,
  /// ft3, /s2, s-1.
  ///
  /// A range of two lengths is none: 1 m-3 m.
  func plainExponent(at start: Int, from least: Int) -> (unit: Int, end: Int)? {
    guard isLetter(at: start - 1) else { return nil }
    let isNegative = isMinus(at: start)
    let digit = isNegative ? start + 1 : start
    guard let power = at(digit), ("1"..."4").contains(power), !isDigit(at: digit + 1),
      !isLetter(at: digit + 1), !(at(digit + 1) == "." && isDigit(at: digit + 2)),
      isNegative || power == "2" || power == "3"
    else { return nil }
    var unit = start
    while unit > max(least, start - 8), isLetter(at: unit - 1) { unit -= 1 }
    let letters = Array(text[unit..<start])
    let name = String(String.UnicodeScalarView(letters))
    if isNegative {
      let next = behindSpace(digit + 1)
      if matches(letters, at: next) && !isLetter(at: next + letters.count) { return nil }
    }
    let isUnit =
      Self.lengths.contains(name)
      || (Self.times.contains(name) && (isNegative || isDenominator(unit)))
      || (Self.divisors.contains(name) && isNegative)
    return isUnit ? (unit, digit + 1) : nil
  }

  private func isDenominator(_ unit: Int) -> Bool {
    at(unit - 1) == "/" || matches(Array("/ ".unicodeScalars), at: unit - 2)
      || matches(Array("per ".unicodeScalars), at: unit - 4)
  }

  /// Whether the unit that begins at `start` is the last one of those of a number: m2 in 5 m2,
  /// in 5 kg/m2, in 5 people per m2 and in `5 \text{ m2}`, but not in "5 of m2".
  private func isBehindNumber(_ start: Int) -> Bool {
    var index = start - 1
    for _ in 0..<4 {
      index = last(upTo: index) { " ~".unicodeScalars.contains($0) }
      let isBehindSign = at(index).map("/·⋅*(".unicodeScalars.contains) ?? false
      if isBehindSign { index = last(upTo: index - 1) { $0 == " " } }
      if at(index) == "{", case let name = last(upTo: index - 1, where: isLetter),
        at(name) == "\\"
      {
        index = last(upTo: name - 1) { " ~\\,;".unicodeScalars.contains($0) }
      }
      if index < lastEnd { return lastEnd > 0 }
      // Any word may stand before a sign of division; and a unit, its exponent too.
      let end = last(upTo: index) { isDigit($0) || isMinus($0) || $0 == "^" }
      index = last(upTo: end, where: isLetter)
      let name = String(String.UnicodeScalarView(text[(index + 1)..<(end + 1)]))
      let isUnit =
        name != "in"
        && [Self.lengths, Self.times, Self.divisors, Self.others].contains { $0.contains(name) }
      guard index < end, isUnit || isBehindSign else { return false }
      if name == "per" {
        index = last(upTo: last(upTo: index) { $0 == " " }, where: isLetter)
        if index < lastEnd { return lastEnd > 0 }
      }
    }
    return false
  }

  private func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isAlphabetic }

  /// The last index up to `index`, of some dozens, that holds no such scalar; at most the end of the
  /// number before.
  private func last(upTo index: Int, where isPassed: (Unicode.Scalar) -> Bool) -> Int {
    var index = index
    let least = max(lastEnd, index - 24)
    while index >= least, let scalar = at(index), isPassed(scalar) { index -= 1 }
    return index
  }
}

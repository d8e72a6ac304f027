/// Finds the numbers in a text.
///
/// Everything that reads a number from a text goes through here: ``WrittenNumber`` says what a
/// number is. Digits that belong to something else are found too, without a value, so that no
/// earlier number is taken for them.
///
/// - Complexity: linear in the length of the text.
struct NumberScanner {
  struct Numeral {
    /// In scalars, from the sign or currency to the last digit; the unit is not part of it.
    let range: Range<Int>
    /// Nil where the digits are no number.
    let number: ExactNumber?
  }

  let text: [Unicode.Scalar]
  private var position = 0
  /// Where the numeral before ended, which no look back passes.
  private var lastEnd = 0

  /// The most characters of a number, digits and separators.
  private static let maximumLength = 400
  private static let thousandsSeparators = [
    ",", "{,}", "\\,", ",\\!", "\u{A0}", "\u{2009}", "\u{202F}", "'", "\u{2019}", "_",
  ].map { Array($0.unicodeScalars) }
  private static let timesSigns = ["×", "x", "X", "*", "·", "\\times", "\\cdot"]
    .map { Array($0.unicodeScalars) }
  private static let fractionCommands = ["\\frac{", "\\dfrac{", "\\tfrac{"]
    .map { Array($0.unicodeScalars) }
  private static let superscripts = Array("⁰¹²³⁴⁵⁶⁷⁸⁹".unicodeScalars)
  /// Behind these, digits are a part of something that is not read.
  private static let openings = ["√", "\\sqrt{", "frac{", "}{"].map { Array($0.unicodeScalars) }

  init(_ text: String) { self.text = Array(text.unicodeScalars) }

  /// Every numeral of `text`, in order.
  static func numerals(in text: String) -> [Numeral] {
    var scanner = NumberScanner(text)
    var numerals: [Numeral] = []
    while let numeral = scanner.next() { numerals.append(numeral) }
    return numerals
  }

  /// The next numeral, as far as it reaches.
  mutating func next() -> Numeral? {
    while position < text.count {
      let start = position
      if let end = unitExponent(at: start) {
        position = end
      } else if let body = body(from: start) {
        let (isSpoilt, end) = tail(from: body.end)
        let sign = sign(before: start)
        var number = isSpoilt || isPart(start) ? nil : body.number
        if sign.isNegative { number = number?.negated }
        (position, lastEnd) = (end, end)
        return Numeral(range: sign.start..<body.end, number: number)
      } else {
        position += 1
      }
    }
    return nil
  }

  // MARK: The number itself

  /// The digits that start at `start`, and the number they are.
  private func body(from start: Int) -> (number: ExactNumber?, end: Int)? {
    if let (fraction, end) = latexFraction(at: start) {
      return (fraction.map(ExactNumber.init), end)
    }
    if at(start).map(isOtherDigit) == true { return (nil, start + 1) }
    // Of what is not read: (1+2)^3.
    if at(start) == "^", let (_, end) = exponent(at: start) { return (nil, end) }
    let isStart =
      isDigit(at: start)
      || (at(start) == "." && isDigit(at: start + 1) && !isDigit(at: start - 1)
        && !isLetter(at: start - 1) && at(start - 1) != ".")
    guard isStart else { return nil }

    var (whole, end) = wholeDigits(from: start)
    if let (fraction, end) = fraction(of: whole, behind: end) {
      return (fraction.map(ExactNumber.init), end)
    }
    if whole == ["1", "0"], let (power, end) = exponent(at: end) {
      return (ExactNumber(isNegative: false, whole: ["1"], fraction: [], power: power), end)
    }
    var decimals: [Unicode.Scalar] = []
    if at(end) == ".", isDigit(at: end + 1) {
      decimals = Array(digits(from: end + 1))
      end += 1 + decimals.count
    }
    var power = 0
    if let mark = at(end), mark == "e" || mark == "E", let (value, last) = integer(at: end + 1) {
      (power, end) = (value, last)
    } else if let (value, last) = timesPowerOfTen(at: end) {
      (power, end) = (value, last)
    }
    guard end - start <= Self.maximumLength else {
      return (nil, text[end...].firstIndex { !isDigit($0) } ?? text.count)
    }
    let number = ExactNumber(isNegative: false, whole: whole, fraction: decimals, power: power)
    return (number, end)
  }

  /// Digits with one kind of thousands separator before groups of exactly three.
  private func wholeDigits(from start: Int) -> ([Unicode.Scalar], end: Int) {
    var whole = Array(digits(from: start))
    var end = start + whole.count
    func group(behind separator: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar>? {
      guard matches(separator, at: end) else { return nil }
      let group = digits(from: end + separator.count)
      return group.count == 3 ? group : nil
    }
    guard (1...3).contains(whole.count), whole[0] != "0",
      let separator = Self.thousandsSeparators.first(where: { group(behind: $0) != nil })
    else { return (whole, end) }
    while whole.count <= Self.maximumLength, let group = group(behind: separator) {
      whole += group
      end = group.endIndex
    }
    return (whole, end)
  }

  /// The fraction of which `whole` is the numerator (3/4, 3 / 4) or the whole part (1 3/4).
  private func fraction(
    of whole: [Unicode.Scalar], behind end: Int
  ) -> (Fraction?, end: Int)? {
    guard let first = smallInteger(whole) else { return nil }
    if let slash = slash(at: end, mayBeSpaced: true), let second = smallInteger(digits(from: slash))
    {
      return (Fraction(first, over: second), slash + digits(from: slash).count)
    }
    let start = at(end) == " " ? end + 1 : end
    var part = latexFraction(at: start)
    if part == nil, start > end, let above = smallInteger(digits(from: start)),
      let slash = slash(at: start + digits(from: start).count, mayBeSpaced: false),
      let below = smallInteger(digits(from: slash))
    {
      part = (Fraction(above, over: below), slash + digits(from: slash).count)
    }
    guard let part, let proper = part.0, proper.numerator < proper.denominator else { return nil }
    return (Fraction(first) + proper, part.end)
  }

  /// Where the denominator begins behind a `/` that stands at `position`.
  private func slash(at position: Int, mayBeSpaced: Bool) -> Int? {
    if at(position) == "/" || at(position) == "\u{2044}" { return position + 1 }
    return mayBeSpaced && matches([" ", "/", " "], at: position) ? position + 3 : nil
  }

  /// `\frac{3}{4}` and its kin.
  private func latexFraction(at position: Int) -> (Fraction?, end: Int)? {
    guard let command = Self.fractionCommands.first(where: { matches($0, at: position) }) else {
      return nil
    }
    let above = digits(from: position + command.count)
    let middle = above.endIndex
    guard let numerator = smallInteger(above), matches(["}", "{"], at: middle) else { return nil }
    let below = digits(from: middle + 2)
    guard let denominator = smallInteger(below), at(below.endIndex) == "}" else { return nil }
    return (Fraction(numerator, over: denominator), below.endIndex + 1)
  }

  /// `×10^6` in its spellings.
  private func timesPowerOfTen(at position: Int) -> (value: Int, end: Int)? {
    func behindSpace(_ position: Int) -> Int { at(position) == " " ? position + 1 : position }
    let start = behindSpace(position)
    guard let sign = Self.timesSigns.first(where: { matches($0, at: start) }) else { return nil }
    let ten = behindSpace(start + sign.count)
    return matches(["1", "0"], at: ten) ? exponent(at: ten + 2) : nil
  }

  /// `^6`, `^{-6}` or `⁻⁶`.
  private func exponent(at position: Int) -> (value: Int, end: Int)? {
    if at(position) == "^" {
      guard at(position + 1) == "{" else { return integer(at: position + 1) }
      guard let (power, end) = integer(at: position + 2), at(end) == "}" else { return nil }
      return (power, end + 1)
    }
    let signs = at(position) == "\u{207B}" ? 1 : 0
    let digits = text[min(position + signs, text.count)...].prefix(7)
      .prefix(while: Self.superscripts.contains)
    guard (1...6).contains(digits.count) else { return nil }
    let power = digits.reduce(0) { 10 * $0 + (Self.superscripts.firstIndex(of: $1) ?? 0) }
    return (signs == 1 ? -power : power, digits.endIndex)
  }

  /// A whole number of 1 to 6 digits, with its sign.
  private func integer(at position: Int) -> (value: Int, end: Int)? {
    let sign = at(position)
    let isNegative = sign.map(isMinus) ?? false
    let digits = digits(from: isNegative || sign == "+" ? position + 1 : position)
    guard (1...6).contains(digits.count), let value = smallInteger(digits) else { return nil }
    return (isNegative ? -value : value, digits.endIndex)
  }

  // MARK: What stands around it

  /// Whether the digits that start at `start` belong to a name (v2, x_1), a root or a fraction.
  private func isPart(_ start: Int) -> Bool {
    if Self.openings.contains(where: { matches($0, at: start - $0.count) }) { return true }
    var place = start - 1
    while place >= lastEnd, at(place) == "_" { place -= 1 }
    if place < start - 1 { return isLetter(at: place) || isDigit(at: place) }
    // Scripts without cases put no space between words and numbers.
    guard let letter = at(place), letter.properties.isCased else { return false }
    while place >= lastEnd, isLetter(at: place) { place -= 1 }
    return at(place) != "\\"
  }

  /// The sign of the number at `start`, and where it begins with its sign and currency.
  ///
  /// Behind a digit, a letter or a closing bracket, `-` is a subtraction, a range or a hyphen.
  private func sign(before start: Int) -> (isNegative: Bool, start: Int) {
    var first = start
    while first > lastEnd, let scalar = at(first - 1),
      isCurrency(scalar) || (scalar == "\\" && at(first).map(isCurrency) == true)
    {
      first -= 1
    }
    guard first > lastEnd, let sign = at(first - 1) else { return (false, first) }
    if sign == " ", at(first - 2).map(isMinus) == true, endsWithEqualsSign(before: first - 2) {
      return (true, first - 2)
    }
    let isHyphen = isValue(endingAt: first - 2) || at(first - 2)?.properties.isCased == true
    guard sign == "+" || isMinus(sign), !isHyphen else { return (false, first) }
    // A doubled sign is a dash, except in 10--5.
    if at(first - 2).map(isMinus) == true, !isValue(endingAt: first - 3) { return (false, first) }
    return (isMinus(sign), first - 1)
  }

  private func isValue(endingAt place: Int) -> Bool {
    at(place).map { isDigit($0) || ")]}%".unicodeScalars.contains($0) } ?? false
  }

  private func endsWithEqualsSign(before end: Int) -> Bool {
    let place = text[lastEnd..<max(lastEnd, end)].lastIndex { $0 != " " }
    return place.map { text[$0] == "=" || text[$0] == "≈" } ?? false
  }

  /// Passes what is glued to the number that ends at `end`: a unit, or what makes it another thing
  /// (12:30, 1.2.3, 0x10, 2^5).
  private func tail(from end: Int) -> (isSpoilt: Bool, end: Int) {
    var place = end
    var isSpoilt = false
    while let scalar = at(place) {
      let isBehindDigit = place == end || isDigit(at: place - 1)
      if isDigit(scalar) || (isBehindDigit && scalar.properties.numericType != nil) {
        isSpoilt = true
      } else if let exponent = exponent(at: place) {
        if isBehindDigit { isSpoilt = true }
        place = exponent.end
        continue
      } else if isBehindDigit && ".:/".unicodeScalars.contains(scalar) && isDigit(at: place + 1) {
        isSpoilt = true
      } else if scalar == "_" && (isLetter(at: place + 1) || isDigit(at: place + 1)) {
        isSpoilt = true
      } else if scalar == "^" && isBehindDigit {
        isSpoilt = true
      } else if !scalar.properties.isAlphabetic
        && !(scalar == "/" && !isBehindDigit && isLetter(at: place + 1))
      {
        break
      }
      place += 1
    }
    return (isSpoilt, place)
  }

  /// Where the exponent of a unit ends that stands apart from its number, as in `25 cm^2`.
  private func unitExponent(at start: Int) -> Int? {
    guard at(start) == "^", isLetter(at: start - 1) || at(start - 1) == "}" else { return nil }
    return exponent(at: start)?.end
  }

  // MARK: Scalars

  private func at(_ index: Int) -> Unicode.Scalar? {
    text.indices.contains(index) ? text[index] : nil
  }

  private func matches(_ part: [Unicode.Scalar], at start: Int) -> Bool {
    start >= 0 && start + part.count <= text.count
      && part.indices.allSatisfy { text[start + $0] == part[$0] }
  }

  private func digits(from start: Int) -> ArraySlice<Unicode.Scalar> {
    text[min(start, text.count)...].prefix(Self.maximumLength + 1).prefix(while: isDigit)
  }

  /// The value of 1 to 17 digits.
  private func smallInteger(_ digits: some Collection<Unicode.Scalar>) -> Int? {
    (1...17).contains(digits.count) ? digits.reduce(0) { 10 * $0 + Int($1.value - 48) } : nil
  }

  private func isDigit(_ scalar: Unicode.Scalar) -> Bool { (48...57).contains(scalar.value) }
  private func isDigit(at place: Int) -> Bool { at(place).map(isDigit) ?? false }
  private func isLetter(at place: Int) -> Bool { at(place)?.properties.isAlphabetic ?? false }

  /// Digits and fractions other than 0 to 9, which are not read: ٤, ½.
  private func isOtherDigit(_ scalar: Unicode.Scalar) -> Bool {
    guard !scalar.isASCII, !scalar.properties.isAlphabetic else { return false }
    let type = scalar.properties.numericType
    return type == .decimal || type == .numeric
  }

  private func isCurrency(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .currencySymbol
  }

  private func isMinus(_ scalar: Unicode.Scalar) -> Bool {
    // Hyphens, figure and en dash stand for the minus sign where there is nothing to subtract from.
    scalar == "-" || (0x2010...0x2013).contains(scalar.value)
      || [0x2212, 0xFE63, 0xFF0D].contains(scalar.value)
  }
}

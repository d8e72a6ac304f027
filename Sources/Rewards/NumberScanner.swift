/// Finds the numbers in a text.
///
/// Everything that reads a number from a text goes through here: ``WrittenNumber`` says what a
/// number is. Digits that belong to something else are found too, without a value, so that neither
/// a part of them nor an earlier number is taken for them.
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
  /// Whether the text is to be a number, and nothing before it a mark of a list.
  let isStatement: Bool
  private var position = 0
  /// Where the numeral before ended, which no look back passes.
  private(set) var lastEnd = 0

  /// The most characters of a number, digits and separators, and of what is taken for its argument.
  static let maximumLength = 400
  private static let thousandsSeparators = [
    ",", "{,}", "\\,", ",\\!", " ", "\u{A0}", "\u{2007}", "\u{2009}", "\u{202F}", "'", "\u{2019}",
    "_",
  ].map { Array($0.unicodeScalars) }
  private static let timesSigns = ["×", "x", "X", "*", "·", "\\times", "\\cdot"]
    .map { Array($0.unicodeScalars) }

  init(_ text: String, isStatement: Bool = false) {
    self.text = Array(text.unicodeScalars)
    self.isStatement = isStatement
  }

  /// Every numeral of `text`, in order.
  static func numerals(in text: String, isStatement: Bool = false) -> [Numeral] {
    var scanner = NumberScanner(text, isStatement: isStatement)
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
        let (isSpoilt, end) = tail(from: body.end, isSpoilt: body.isSpoilt)
        let sign = sign(before: start)
        var number = isSpoilt || isPart(start) ? nil : body.number
        if sign.isNegative { number = number?.negated }
        (position, lastEnd) = (end, end)
        return Numeral(range: sign.start..<body.end, number: number)
      } else if let end = unreadCommand(at: start) {
        let hasDigits = text[start..<end].contains(where: isDigit)
        position = end
        if hasDigits {
          lastEnd = end
          return Numeral(range: start..<end, number: nil)
        }
      } else {
        position += 1
      }
    }
    return nil
  }

  // MARK: The number itself

  struct Body {
    var number: ExactNumber?
    var end: Int
    /// Whether it is no number, and what is glued to it belongs to it.
    var isSpoilt = false
  }

  /// The digits that start at `start`, and the number they are.
  private func body(from start: Int) -> Body? {
    if let (fraction, end) = latexFraction(at: start) {
      return Body(number: fraction.map(ExactNumber.init), end: end)
    }
    if let fraction = vulgarFraction(at: start) {
      return Body(number: ExactNumber(fraction), end: start + 1)
    }
    if at(start).map(isOtherDigit) == true { return Body(number: nil, end: start + 1) }
    // Of what is not read: (1+2)^3.
    if isPowerSign(at: start), let (_, end) = exponent(at: start) {
      return Body(number: nil, end: end)
    }
    let isStart =
      isDigit(at: start)
      || (at(start) == "." && isDigit(at: start + 1) && !isDigit(at: start - 1)
        && !isLetter(at: start - 1) && at(start - 1) != ".")
    guard isStart else { return nil }
    if let end = date(from: start) { return Body(number: nil, end: end) }

    var (whole, end, isBroken) = wholeDigits(from: start)
    if isBroken { return Body(number: nil, end: end, isSpoilt: true) }
    if let (fraction, end) = fraction(of: whole, behind: end) {
      return Body(number: fraction.map(ExactNumber.init), end: end)
    }
    if whole == ["1", "0"], let (power, end) = exponent(at: end) {
      return Body(
        number: ExactNumber(isNegative: false, whole: ["1"], fraction: [], power: power), end: end)
    }
    var decimals: [Unicode.Scalar] = []
    if at(end) == ".", isDigit(at: end + 1) {
      decimals = Array(digits(from: end + 1))
      end += 1 + decimals.count
    }
    if let end = repeatingDecimals(at: end, hasPoint: !decimals.isEmpty) {
      return Body(number: nil, end: end)
    }
    if isDecimalComma(at: end, from: start, whole, decimals) {
      return Body(number: nil, end: digits(from: end + 1).endIndex, isSpoilt: true)
    }
    var power = 0
    if let mark = at(end), mark == "e" || mark == "E", let (value, last) = integer(at: end + 1) {
      (power, end) = (value, last)
    } else if let (value, last) = timesPowerOfTen(at: end) {
      (power, end) = (value, last)
    }
    guard end - start <= Self.maximumLength else {
      return Body(number: nil, end: text[end...].firstIndex { !isDigit($0) } ?? text.count)
    }
    let number = ExactNumber(isNegative: false, whole: whole, fraction: decimals, power: power)
    return Body(number: number, end: end)
  }

  /// Digits with one kind of thousands separator before groups of exactly three; with commas also
  /// as India groups them, in twos before the last three.
  ///
  /// They are broken where a group is not complete (1,000,00).
  func wholeDigits(
    from start: Int
  ) -> (digits: [Unicode.Scalar], end: Int, isBroken: Bool) {
    var whole = Array(digits(from: start))
    var end = start + whole.count
    func group(behind separator: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar>? {
      guard matches(separator, at: end) else { return nil }
      let group = digits(from: end + separator.count)
      return group.count == 3 ? group : nil
    }
    guard (1...3).contains(whole.count), whole[0] != "0" else { return (whole, end, false) }
    if let (digits, end) = indianDigits(whole, from: end) { return (digits, end, false) }
    guard let separator = Self.thousandsSeparators.first(where: { group(behind: $0) != nil }),
      case let isSpace = separator.allSatisfy(\.properties.isWhitespace),
      !(isSpace && isPart(start))
    else { return (whole, end, false) }
    while whole.count <= Self.maximumLength, let group = group(behind: separator) {
      whole += group
      end = group.endIndex
    }
    if matches(separator, at: end), isDigit(at: end + separator.count), !isSpace {
      return (whole, digits(from: end + separator.count).endIndex, true)
    }
    return (whole, end, false)
  }

  /// 12,34,567 and 1,00,000.
  private func indianDigits(
    _ first: [Unicode.Scalar], from start: Int
  ) -> ([Unicode.Scalar], end: Int)? {
    guard first.count <= 2 else { return nil }
    var (whole, end) = (first, start)
    while whole.count <= Self.maximumLength, at(end) == "," {
      let group = digits(from: end + 1)
      guard (2...3).contains(group.count) else { return nil }
      whole += group
      end = group.endIndex
      guard group.count == 2 else {
        let isIndian = whole.count > first.count + 3
        return isIndian && !(at(end) == "," && isDigit(at: end + 1)) ? (whole, end) : nil
      }
    }
    return nil
  }

  /// Whether the comma at `end` stands for a decimal point: in a price (€5,50), behind groups
  /// (1.234,56, 1 234,5), and behind a zero (0,5), unless in brackets.
  private func isDecimalComma(
    at end: Int, from start: Int, _ whole: [Unicode.Scalar], _ decimals: [Unicode.Scalar]
  ) -> Bool {
    guard at(end) == ",", isDigit(at: end + 1) else { return false }
    let last = digits(from: end + 1).endIndex
    if at(last) == ",", isDigit(at: last + 1) { return false }
    if decimals.count == 3, at(last) != "." { return true }
    if end - start > whole.count, decimals.isEmpty { return true }
    if at(start - 1).map(isCurrency) == true || at(last).map(isCurrency) == true { return true }
    if at(last) == " ", at(last + 1).map(isCurrency) == true { return true }
    return whole == ["0"] && decimals.isEmpty
      && !("([{".unicodeScalars.contains(at(start - 1) ?? "0"))
  }

  /// Where the digits end that repeat for ever: `0.(3)`, `0.\overline{3}`.
  private func repeatingDecimals(at end: Int, hasPoint: Bool) -> Int? {
    guard hasPoint || at(end) == "." else { return nil }
    let place = hasPoint ? end : end + 1
    if at(place) == "(", isDigit(at: place + 1), case let last = digits(from: place + 1).endIndex,
      at(last) == ")"
    {
      return last + 1
    }
    guard let command = command(at: place),
      ["overline", "bar", "dot", "overbrace"].contains(command.name)
    else { return nil }
    return argument(at: command.end) ?? command.end
  }

  /// Where a date ends that begins at `start`: 2024-05-06, 06-05-2024.
  private func date(from start: Int) -> Int? {
    guard !isDigit(at: start - 1), at(start - 1) != "." else { return nil }
    var parts: [(count: Int, value: Int)] = []
    var place = start
    while parts.count < 3 {
      let digits = digits(from: place)
      guard (1...4).contains(digits.count), let value = smallInteger(digits) else { return nil }
      parts.append((digits.count, value))
      place = digits.endIndex
      if parts.count < 3 {
        guard at(place) == "-" else { return nil }
        place += 1
      }
    }
    let counts = parts.map(\.count)
    let isYearFirst = counts == [4, 2, 2]
    guard isYearFirst || counts == [2, 2, 4] else { return nil }
    let year = parts.remove(at: isYearFirst ? 0 : 2)
    guard (1000...2999).contains(year.value), parts.allSatisfy({ (1...31).contains($0.value) }),
      parts.contains(where: { $0.value <= 12 })
    else { return nil }
    return place
  }

  /// `×10^6` in its spellings.
  private func timesPowerOfTen(at position: Int) -> (value: Int, end: Int)? {
    func behindSpace(_ position: Int) -> Int { at(position) == " " ? position + 1 : position }
    let start = behindSpace(position)
    guard let sign = Self.timesSigns.first(where: { matches($0, at: start) }) else { return nil }
    let ten = behindSpace(start + sign.count)
    return matches(["1", "0"], at: ten) ? exponent(at: ten + 2) : nil
  }

  /// A whole number of 1 to 6 digits, with its sign.
  func integer(at position: Int) -> (value: Int, end: Int)? {
    let sign = at(position)
    let isNegative = sign.map(isMinus) ?? false
    let digits = digits(from: isNegative || sign == "+" ? position + 1 : position)
    guard (1...6).contains(digits.count), let value = smallInteger(digits) else { return nil }
    return (isNegative ? -value : value, digits.endIndex)
  }

  // MARK: Scalars

  func at(_ index: Int) -> Unicode.Scalar? {
    text.indices.contains(index) ? text[index] : nil
  }

  func matches(_ part: [Unicode.Scalar], at start: Int) -> Bool {
    start >= 0 && start + part.count <= text.count
      && part.indices.allSatisfy { text[start + $0] == part[$0] }
  }

  func digits(from start: Int) -> ArraySlice<Unicode.Scalar> {
    text[min(start, text.count)...].prefix(Self.maximumLength + 1).prefix(while: isDigit)
  }

  /// The value of 1 to 17 digits.
  func smallInteger(_ digits: some Collection<Unicode.Scalar>) -> Int? {
    (1...17).contains(digits.count) ? digits.reduce(0) { 10 * $0 + Int($1.value - 48) } : nil
  }

  func isDigit(_ scalar: Unicode.Scalar) -> Bool { (48...57).contains(scalar.value) }
  func isDigit(at place: Int) -> Bool { at(place).map(isDigit) ?? false }
  func isLetter(at place: Int) -> Bool { at(place)?.properties.isAlphabetic ?? false }

  /// Digits other than 0 to 9, which are not read: ٤, ½ within another number.
  private func isOtherDigit(_ scalar: Unicode.Scalar) -> Bool {
    guard !scalar.isASCII, !scalar.properties.isAlphabetic else { return false }
    let type = scalar.properties.numericType
    return type == .decimal || type == .numeric
  }

  func isCurrency(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .currencySymbol
  }

  func isMinus(_ scalar: Unicode.Scalar) -> Bool {
    // Hyphens, figure and en dash stand for the minus sign where there is nothing to subtract from.
    scalar == "-" || (0x2010...0x2013).contains(scalar.value)
      || [0x2212, 0xFE63, 0xFF0D].contains(scalar.value)
  }
}

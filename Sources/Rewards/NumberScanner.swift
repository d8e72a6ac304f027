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
    // The exponent of something that is not read: (1+2)^3.
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

  /// Digits, and the groups of three behind them with one kind of thousands separator.
  ///
  /// A row of digits that are not grouped so (10,20,100) is a list; it is broken where one of its
  /// items could only be a part of a number (1,000,00).
  func wholeDigits(
    from start: Int
  ) -> (digits: [Unicode.Scalar], end: Int, isBroken: Bool) {
    let first = Array(digits(from: start))
    let end = start + first.count
    guard (1...3).contains(first.count), first[0] != "0" else { return (first, end, false) }
    for separator in Self.thousandsSeparators {
      let groups = groups(behind: separator, from: end)
      guard let last = groups.last?.endIndex else { continue }
      let isItem =
        matches(separator, at: start - separator.count)
        && isDigit(at: start - separator.count - 1)
      if isItem { break }
      let all = first + groups.joined()
      if isGrouped(first, groups, by: separator, from: start) { return (all, last, false) }
      let isBroken =
        separator == [","]
        ? groups.contains { $0.count > 1 && $0.first == "0" }
        : !isSpace(separator) && groups.count > 1 && groups[0].count == 3
      return isBroken ? (all, last, true) : (first, end, false)
    }
    return (first, end, false)
  }

  private func isSpace(_ separator: [Unicode.Scalar]) -> Bool {
    separator.allSatisfy(\.properties.isWhitespace)
  }

  /// All the digits that follow `end`, each behind a separator.
  private func groups(
    behind separator: [Unicode.Scalar], from end: Int
  ) -> [ArraySlice<Unicode.Scalar>] {
    var (groups, end) = ([ArraySlice<Unicode.Scalar>](), end)
    let most = end + Self.maximumLength
    while end < most, matches(separator, at: end), isDigit(at: end + separator.count) {
      groups.append(digits(from: end + separator.count))
      end = groups[groups.count - 1].endIndex
    }
    return groups
  }

  /// Whether digits are the groups of one number.
  ///
  /// Threes behind a plain space, and India's twos before a three (12,34,567), may as well be a list:
  /// they are a number where one of them begins with 0, with a currency sign, or where the text is to
  /// be a number; and threes also behind one or two digits, if there are two or more (1 234 567).
  private func isGrouped(
    _ first: [Unicode.Scalar], _ groups: [ArraySlice<Unicode.Scalar>],
    by separator: [Unicode.Scalar], from start: Int
  ) -> Bool {
    let areThrees = groups.allSatisfy { $0.count == 3 }
    if isSpace(separator) && isPart(start) { return false }
    if areThrees && separator != [" "] { return true }
    let last = groups[groups.count - 1]
    var isNumber =
      isStatement || groups.contains { $0.first == "0" } || isPrice(from: start, to: last.endIndex)
    if separator == [" "], at(last.endIndex) == ",", isDigit(at: last.endIndex + 1) {
      isNumber = true
    }
    if areThrees { return isNumber || (groups.count > 1 && first.count < 3) }
    let areTwos =
      groups.count > 1 && last.count == 3 && groups.dropLast().allSatisfy { $0.count == 2 }
    return separator == [","] && first.count < 3 && areTwos && isNumber
  }

  /// Whether a sign of currency stands beside the digits from `start` to `end`.
  private func isPrice(from start: Int, to end: Int) -> Bool {
    [start - 1, end, behindSpace(end)].contains { isCurrency(at: $0) }
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
    if isPrice(from: start, to: last) { return true }
    return whole == ["0"] && decimals.isEmpty
      && !("([{".unicodeScalars.contains(at(start - 1) ?? "0"))
  }

  /// Where the digits end that repeat for ever: `0.(3)`, `0.\overline{3}`.
  private func repeatingDecimals(at end: Int, hasPoint: Bool) -> Int? {
    guard hasPoint || at(end) == "." else { return nil }
    let index = hasPoint ? end : end + 1
    if at(index) == "(", isDigit(at: index + 1), case let last = digits(from: index + 1).endIndex,
      at(last) == ")"
    {
      return last + 1
    }
    guard let command = command(at: index),
      ["overline", "bar", "dot", "overbrace"].contains(command.name)
    else { return nil }
    return argument(at: command.end) ?? command.end
  }

  /// Where a date ends that begins at `start`: 2024-05-06, 06-05-2024.
  private func date(from start: Int) -> Int? {
    guard !isDigit(at: start - 1), at(start - 1) != "." else { return nil }
    var parts: [(count: Int, value: Int)] = []
    var index = start
    while parts.count < 3 {
      let digits = digits(from: index)
      guard (1...4).contains(digits.count), let value = smallInteger(digits) else { return nil }
      parts.append((digits.count, value))
      index = digits.endIndex
      if parts.count < 3 {
        guard at(index) == "-" else { return nil }
        index += 1
      }
    }
    let counts = parts.map(\.count)
    let isYearFirst = counts == [4, 2, 2]
    guard isYearFirst || counts == [2, 2, 4] else { return nil }
    let year = parts.remove(at: isYearFirst ? 0 : 2)
    guard (1000...2999).contains(year.value), parts.allSatisfy({ (1...31).contains($0.value) }),
      parts.contains(where: { $0.value <= 12 })
    else { return nil }
    return index
  }

  /// `×10^6` in its spellings.
  private func timesPowerOfTen(at position: Int) -> (value: Int, end: Int)? {
    let start = behindSpace(position)
    guard let sign = Self.timesSigns.first(where: { matches($0, at: start) }) else { return nil }
    let ten = behindSpace(start + sign.count)
    return matches(["1", "0"], at: ten) ? exponent(at: ten + 2) : nil
  }

  /// A whole number of 1 to 6 digits, with its sign.
  func integer(at position: Int) -> (value: Int, end: Int)? {
    let isNegative = isMinus(at: position)
    let digits = digits(from: isNegative || at(position) == "+" ? position + 1 : position)
    guard (1...6).contains(digits.count), let value = smallInteger(digits) else { return nil }
    return (isNegative ? -value : value, digits.endIndex)
  }

  // MARK: Scalars

  func at(_ index: Int) -> Unicode.Scalar? {
    text.indices.contains(index) ? text[index] : nil
  }

  func behindSpace(_ index: Int) -> Int { at(index) == " " ? index + 1 : index }

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
  func isDigit(at index: Int) -> Bool { at(index).map(isDigit) ?? false }
  func isMinus(at index: Int) -> Bool { at(index).map(isMinus) ?? false }
  func isLetter(at index: Int) -> Bool { at(index)?.properties.isAlphabetic ?? false }

  /// Digits other than 0 to 9, which are not read: ٤, ½ within another number.
  private func isOtherDigit(_ scalar: Unicode.Scalar) -> Bool {
    guard !scalar.isASCII, !scalar.properties.isAlphabetic else { return false }
    let type = scalar.properties.numericType
    return type == .decimal || type == .numeric
  }

  func isCurrency(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .currencySymbol
  }
  func isCurrency(at index: Int) -> Bool { at(index).map(isCurrency) ?? false }

  func isMinus(_ scalar: Unicode.Scalar) -> Bool {
    // Hyphens, figure and en dash stand for the minus sign where there is nothing to subtract from.
    scalar == "-" || (0x2010...0x2013).contains(scalar.value)
      || [0x2212, 0xFE63, 0xFF0D].contains(scalar.value)
  }
}

// What stands around digits: signs, units, and what makes them another thing.

extension NumberScanner {
  /// Commands that leave a number beside them, or in their argument, as it is.
  private static let plainCommands = Set(
    """
    text textbf textit textrm textsf texttt textnormal textstyle textcolor emph mbox hbox boxed fbox \
    mathbf mathrm mathit mathsf mathtt mathnormal boldsymbol bm bf rm displaystyle underline color \
    large Large LARGE huge small left right big Big bigl bigr Bigl Bigr begin end quad qquad item \
    times cdot ast approx simeq sim cong equiv neq ne le leq ge geq leqslant geqslant lt gt ll gg to \
    rightarrow Rightarrow longrightarrow Longrightarrow leftrightarrow implies iff mapsto therefore \
    because in and or land lor circ degree dots ldots cdots par newline hline hfill noindent bullet \
    square blacksquare checkmark Box qed pounds euro yen textdollar mid vert lvert rvert lbrace \
    rbrace langle rangle space thinspace enspace ensuremath hfill vspace hspace
    """.split(separator: " ").map(String.init))
  /// Functions whose argument may stand in parentheses, or behind a space.
  private static let functions: Set<String> = [
    "sqrt", "cbrt", "log", "ln", "lg", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin",
    "arccos", "arctan", "sinh", "cosh", "tanh",
  ]
  private static let roots = Set("√∛∜".unicodeScalars)
  private static let currencies: Set<String> = [
    "USD", "EUR", "GBP", "JPY", "CNY", "RMB", "INR", "AUD", "CAD", "CHF", "HKD", "SGD", "NZD",
    "KRW", "MXN", "BRL", "RUB", "SEK", "NOK", "DKK", "PLN", "ZAR", "TRY", "US", "Rs",
  ]
  /// Words behind which a minus sign may stand apart from its number.
  private static let copulas: Set<String> = [
    "is", "are", "was", "were", "be", "equals", "equal", "gives", "give", "get", "gets", "becomes",
  ]
  /// Behind these, digits are a part of something that is not read.
  private static let openings = ["frac{", "}{", "_{"].map { Array($0.unicodeScalars) }
  /// Marks of degrees and ordinal numbers, which are units.
  private static let raisedUnits = [
    "^\\circ", "^{\\circ}", "^°", "^\\degree", "^{\\degree}", "^{o}", "^{st}", "^{nd}", "^{rd}",
    "^{th}", "^\\text{st}", "^\\text{nd}", "^\\text{rd}", "^\\text{th}", "^{\\text{st}}",
    "^{\\text{nd}}", "^{\\text{rd}}", "^{\\text{th}}", "^\\mathrm{th}", "^{\\mathrm{th}}",
  ].map { Array($0.unicodeScalars) }
  /// How far a look back goes over spaces and brackets.
  private static let reach = 8

  // MARK: Commands

  /// The command at `position`, such as `\sqrt`.
  func command(at position: Int) -> (name: String, end: Int)? {
    guard at(position) == "\\", isLetter(at: position + 1) else { return nil }
    let letters = text[(position + 1)...].prefix(Self.maximumLength).prefix { $0.isASCII }
      .prefix(while: \.properties.isAlphabetic)
    // An escaped line break that nobody has read: \n, \nThe.
    if letters.first == "n", letters.dropFirst().first?.properties.isUppercase ?? true {
      return nil
    }
    return letters.isEmpty ? nil : (string(letters), letters.endIndex)
  }

  private func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    String(String.UnicodeScalarView(scalars))
  }

  /// Where a root, a function or another command that is not read ends, with its argument.
  func unreadCommand(at start: Int) -> Int? {
    guard let first = at(start) else { return nil }
    if Self.roots.contains(first) { return argument(at: start + 1, mayBeApart: true) ?? start + 1 }
    if let (name, end) = command(at: start) {
      if Self.plainCommands.contains(name) { return nil }
      return argument(at: end, mayBeApart: Self.functions.contains(name)) ?? end
    }
    // sqrt(16), but no word that ends like it.
    guard first.isASCII, first.properties.isLowercase, !isLetter(at: start - 1) else { return nil }
    let word = text[start...].prefix(7).prefix { $0.isASCII && $0.properties.isAlphabetic }
    guard word.count > 1, Self.functions.contains(string(word)) else { return nil }
    let end = word.endIndex
    guard at(end) == "(" || at(end) == "_" || (word.starts(with: "sqrt".unicodeScalars))
    else { return nil }
    return argument(at: end, mayBeApart: true)
  }

  /// Where the argument at `position` ends: `[3]{8}`, `_2(8)`, `(16)`; nil where there is none.
  func argument(at position: Int, mayBeApart: Bool = false) -> Int? {
    var index = position
    while let sign = at(index), "[_^".unicodeScalars.contains(sign) {
      let inner = sign == "[" ? index : index + 1
      if let end = group(at: inner) {
        index = end
      } else if sign != "[", isDigit(at: inner) || isLetter(at: inner) {
        index = max(inner + 1, digits(from: inner).endIndex)
      } else {
        break
      }
    }
    let scripts = index
    while at(index) == "{", let end = group(at: index) { index = end }
    if index > scripts || !mayBeApart { return index > position ? index : nil }
    while index < scripts + Self.reach, at(index) == " " { index += 1 }
    if let end = group(at: index) { return end }
    if let sign = at(index), isMinus(sign) { index += 1 }
    guard isDigit(at: index) else { return scripts > position ? scripts : nil }
    return digits(from: index).endIndex
  }

  /// Where the group of brackets that opens at `start` ends; nil where it is no such group, or long.
  func group(at start: Int) -> Int? {
    let pairs: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "[": "]", "{": "}"]
    guard let open = at(start), let close = pairs[open] else { return nil }
    var depth = 0
    for index in start..<min(text.count, start + Self.maximumLength) {
      if text[index] == open { depth += 1 }
      if text[index] == close { depth -= 1 }
      if depth == 0 { return index + 1 }
    }
    return nil
  }

  // MARK: Before the number

  /// Whether the digits that start at `start` belong to a name (v2, x_1), or to an operator or a
  /// command that is not read (2π/3, ±5, 8 % 3).
  func isPart(_ start: Int) -> Bool {
    if Self.openings.contains(where: { matches($0, at: start - $0.count) }) { return true }
    if isOperand(start) { return true }
    var index = start - 1
    while index >= lastEnd, at(index) == "_" { index -= 1 }
    if index < start - 1 { return isLetter(at: index) || isDigit(at: index) }
    // Scripts without cases put no space between words and numbers.
    guard let letter = at(index), letter.properties.isCased else { return false }
    while index >= lastEnd, isLetter(at: index) { index -= 1 }
    let word = string(text[(index + 1)..<start])
    if at(index) == "\\" { return command(at: index) != nil && !Self.plainCommands.contains(word) }
    return !Self.currencies.contains(word)
  }

  /// Whether an operator that is not read stands before `start`, brackets and a sign aside.
  private func isOperand(_ start: Int) -> Bool {
    var index = start - 1
    if let sign = at(index), isMinus(sign) || sign == "+" { index -= 1 }
    let isGlued = at(index) != " "
    var isInBrackets = false
    let least = max(lastEnd, start - Self.reach)
    while index >= least, let scalar = at(index), " ([{".unicodeScalars.contains(scalar) {
      if scalar != " " { isInBrackets = true }
      index -= 1
    }
    guard index >= 0, let sign = at(index) else { return false }
    let isBehindSpace = at(index - 1) == " "
    let left = isBehindSpace ? index - 2 : index - 1
    switch sign {
    case "±", "∓": return true
    case "/" where at(left) == "+": return true
    case "/", "÷", "\u{2044}", "\u{2215}":
      if isBehindSpace || isGlued || isInBrackets {
        return isValue(endingAt: left) || isLetter(at: left)
      }
      return isValue(endingAt: left) || at(left) == "π"
    case "%": return isBehindSpace && !isGlued && isValue(endingAt: left)
    default: break
    }
    guard sign.isASCII, sign.properties.isAlphabetic else { return false }
    var first = index
    while first >= max(lastEnd, index - 24), isLetter(at: first) { first -= 1 }
    guard first < index, let (name, end) = command(at: first), end == index + 1 else {
      return false
    }
    return !Self.plainCommands.contains(name)
  }

  /// The sign of the number at `start`, and where it begins with its sign and currency.
  ///
  /// Behind a digit, a letter or a closing bracket, `-` is a subtraction, a range or a hyphen.
  func sign(before start: Int) -> (isNegative: Bool, start: Int) {
    var first = start
    while first > lastEnd, let scalar = at(first - 1),
      isCurrency(scalar) || (scalar == "\\" && isCurrency(at: first))
    {
      first -= 1
    }
    guard first > lastEnd, let sign = at(first - 1) else { return (false, first) }
    if sign == " ", isMinus(at: first - 2), saysValue(before: first - 2) {
      return (true, first - 2)
    }
    if sign == " ", let word = minusInWords(before: first - 1) { return (true, word) }
    let isHyphen = isValue(endingAt: first - 2) || at(first - 2)?.properties.isCased == true
    guard sign == "+" || isMinus(sign), !isHyphen else { return (false, first) }
    // A doubled sign is a dash, except in 10--5.
    if isMinus(at: first - 2), !isValue(endingAt: first - 3) { return (false, first) }
    return (isMinus(sign), first - 1)
  }

  /// Where `negative`, or a `minus` that subtracts from nothing, begins if it ends at `end`.
  private func minusInWords(before end: Int) -> Int? {
    let letters = text[lastEnd..<max(lastEnd, end)].suffix(9).reversed()
      .prefix(while: \.properties.isAlphabetic)
    let start = end - letters.count
    switch string(ArraySlice(letters.reversed())).lowercased() {
    case "negative": return start
    case "minus": return start == 0 || saysValue(before: start) ? start : nil
    default: return nil
    }
  }

  func isValue(endingAt index: Int) -> Bool {
    at(index).map { isDigit($0) || ")]}%".unicodeScalars.contains($0) } ?? false
  }

  /// Whether a value is to follow, so that a minus sign apart from its number is one: `= - 5`.
  private func saysValue(before end: Int) -> Bool {
    let start = min(lastEnd, max(0, end))
    guard
      let index = text[start..<max(start, end)].lastIndex(where: {
        !" *".unicodeScalars.contains($0)
      })
    else { return isStatement && lastEnd == 0 }
    if "=≈≡:".unicodeScalars.contains(text[index]) { return true }
    if index == end - 1, "([{$>".unicodeScalars.contains(text[index]) { return true }
    let word = text[start...index].suffix(8).reversed().prefix(while: \.properties.isAlphabetic)
    return Self.copulas.contains(string(ArraySlice(word.reversed())).lowercased())
  }

  // MARK: Behind the number

  /// Words that make a number another one, multiplied.
  private static let multipliers: Set<String> = [
    "hundred", "thousand", "million", "millions", "billion", "billions", "trillion", "trillions",
    "dozen", "dozens", "k", "squared", "cubed",
  ]
  /// What is added to the number before in words.
  private static let additions = [" and a half", " and a quarter", " and a third"]
    .map { Array($0.unicodeScalars) }

  /// Where a word ends, glued to `end` or behind a space, that makes the number before
  /// another one: 5 million, 5 squared, 5 and a half.
  private func multiplier(at end: Int) -> Int? {
    if let addition = Self.additions.first(where: { matches($0, at: end) }) {
      return end + addition.count
    }
    let word = text[min(behindSpace(end), text.count)...].prefix(10).prefix(
      while: \.properties.isAlphabetic)
    guard Self.multipliers.contains(string(word).lowercased()), !isDigit(at: word.endIndex) else {
      return nil
    }
    return word.endIndex
  }

  /// Passes what is glued to the number that ends at `end`: a unit, or what makes it another thing
  /// (12:30, 1.2.3, 0x10, 2^5, 2π, 5 million).
  func tail(from end: Int, isSpoilt: Bool) -> (isSpoilt: Bool, end: Int) {
    if let last = multiplier(at: end) { return (true, last) }
    var index = end
    var isSpoilt = isSpoilt
    while let scalar = at(index) {
      let isBehindDigit = index == end || isDigit(at: index - 1)
      if let exponent = plainExponent(at: index, from: end) {
        index = exponent.end
        continue
      }
      if isDigit(scalar) || (isBehindDigit && scalar.properties.numericType != nil) {
        isSpoilt = true
      } else if let unit = Self.raisedUnits.first(where: { matches($0, at: index) }) {
        index += unit.count
        continue
      } else if let exponent = exponent(at: index) {
        // An exponent apart from its number is one of the number; of a unit it is glued.
        if at(index) == " " && !isBehindDigit { break }
        if isBehindDigit { isSpoilt = true }
        index = exponent.end
        continue
      } else if isBehindDigit && isDigit(at: index + 1)
        && (".:/'\u{2019}".unicodeScalars.contains(scalar) || (isSpoilt && scalar == ","))
      {
        isSpoilt = true
      } else if isBehindDigit, isUnreadDivision(at: index) {
        isSpoilt = true
        break
      } else if scalar == "_", let script = group(at: index + 1) {
        isSpoilt = true
        index = script
        continue
      } else if scalar == "_" && (isLetter(at: index + 1) || isDigit(at: index + 1))
        || isBehindDigit && (scalar == "^" || isMarkOrUnseen(scalar, before: index + 1))
      {
        isSpoilt = true
      } else if scalar == "π" || Self.roots.contains(scalar) {
        isSpoilt = true
        if scalar != "π" { break }
      } else if let (name, _) = command(at: index), !Self.plainCommands.contains(name) {
        isSpoilt = true
        break
      } else if !scalar.properties.isAlphabetic
        && !(scalar == "/" && !isBehindDigit && isLetter(at: index + 1))
      {
        break
      }
      index += 1
    }
    return (isSpoilt, index)
  }

  /// A sign of division behind a number, spaces aside, before a bracket, a root or a command.
  private func isUnreadDivision(at position: Int) -> Bool {
    guard let index = divisionSign(at: position), let next = at(index) else { return false }
    return isDigit(next) || "([{π".unicodeScalars.contains(next) || Self.roots.contains(next)
      || (next == "\\" && command(at: index) != nil)
      || (isMinus(next) && isDigit(at: index + 1))
  }

  /// A mark upon the digit before, or what nobody sees between digits.
  private func isMarkOrUnseen(_ scalar: Unicode.Scalar, before next: Int) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: true
    case .format: isDigit(at: next)
    default: false
    }
  }

  // MARK: Operators between numbers

  /// Whether a number ends at `end` with which one more reckons: 3 + 4, 5-10, 3 apples × 2.
  ///
  /// At most one word of a unit may stand between.
  func isReckonedWith(from end: Int) -> Bool {
    func skip(_ index: inout Int, _ isSkipped: (Unicode.Scalar) -> Bool) {
      let last = min(text.count, index + Self.maximumLength)
      while index < last, isSkipped(text[index]) { index += 1 }
    }
    func isBeside(_ scalar: Unicode.Scalar) -> Bool {
      scalar == " " || isCurrency(scalar) || "()[]{}$\\".unicodeScalars.contains(scalar)
    }
    func isOperator(at index: Int) -> Bool {
      // An exponent of a unit is none of the number.
      guard let sign = at(index), sign != "^" || !isLetter(at: index - 1) else { return false }
      let isLetterX = (sign == "x" || sign == "X") && !isLetter(at: index - 1)
      guard
        isLetterX || isMinus(sign) || "+*×·/÷^±".unicodeScalars.contains(sign)
          || command(at: index).map({ ["times", "cdot", "div", "pm"].contains($0.name) }) == true
      else { return false }
      var next = command(at: index)?.end ?? index + 1
      skip(&next) { isBeside($0) || isMinus($0) || $0 == "*" }
      return isDigit(at: next)
    }
    // A name of one letter that is no article: 5 + x, 5 - x.
    func isOperatorBeforeName(at index: Int) -> Bool {
      let isSpaced = at(index - 1) == " "
      guard let sign = at(index), (at(index + 1) == " ") == isSpaced,
        "+*×÷±".unicodeScalars.contains(sign) || (isMinus(sign) && isSpaced)
      else { return false }
      let name = isSpaced ? index + 2 : index + 1
      return isLetter(at: name) && !isLetter(at: name + 1) && at(name) != "a" && at(name) != "I"
    }
    var index = end
    skip(&index) { $0 == " " || ")]}%".unicodeScalars.contains($0) || isCurrency($0) }
    if isOperator(at: index) || isOperatorBeforeName(at: index) { return true }
    skip(&index, \.properties.isAlphabetic)
    skip(&index) { $0 == " " || ")]}".unicodeScalars.contains($0) }
    return isOperator(at: index)
  }
}

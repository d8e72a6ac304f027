internal import Formats

/// What a text says that is to say one number: an answer, or the line behind a mark.
struct NumberStatement {
  private let scanner: NumberScanner
  private let numerals: [NumberScanner.Numeral]
  /// Where the last equation's `=` stands.
  private let equals: Int?
  private var text: [Unicode.Scalar] { scanner.text }

  init(_ text: String) {
    scanner = NumberScanner(text, isStatement: true)
    numerals = NumberScanner.numerals(in: text, isStatement: true)
    equals = Self.equations(in: scanner.text).last
  }

  /// The number that the text begins with, markup aside; else the one that its last equation says;
  /// else its only one.
  ///
  /// What it begins with counts unless more is reckoned with it: 7 in `7 = 3 + 4`, and in
  /// `3 + 4 = 7` and `1/2 of 14 = 7` as well. Where no equation says the value of `3 + 4`, it states
  /// none. What brackets say aside does not count: `7 (= 3 + 4)`. No number is stated by `not 7`,
  /// `x > 7`, `x + 7` or `half of 7`.
  var number: WrittenNumber? {
    index.flatMap { WrittenNumber(numerals[$0], in: text) }
  }

  /// The same where the text names no other number that could be meant: 5 in `5 (2 + 3)`, in
  /// `5, as 2 + 3 = 5` and in `f(2) = 5`, but none in `5 or 6`, `5, 6` and `x = 5, y = 6`.
  var onlyNumber: WrittenNumber? {
    guard let index, let number, !words(of: text[...]).contains("or"), areInEquation(before: index),
      areAside(behind: index)
    else { return nil }
    return number
  }

  private var index: Int? {
    guard let first = numerals.first else { return nil }
    let before = text[..<first.range.lowerBound]
    let isFirst = Markup.isAll(of: before) && !before.contains(where: \.properties.isAlphabetic)
    var index: Int?
    if isFirst ? !isReckonedInWords : isExplained {
      index = 0
    } else if let equals, let result = numerals.firstIndex(where: { $0.range.lowerBound > equals })
    {
      let isAlone = Markup.isAll(of: text[(equals + 1)..<numerals[result].range.lowerBound])
      if isAlone || numerals.count == 1 { index = result }
    } else if !isFirst && areAside(behind: 0) {
      index = 0
    }
    guard let index, !scanner.isReckonedWith(from: numerals[index].range.upperBound),
      !isAnother(numerals[index].range)
    else { return nil }
    return index
  }

  // MARK: Equations

  /// Every `=` outside brackets that is no part of `<=`, `>=`, `=>` or `!=`; brackets around the
  /// whole, before any letter or digit, aside.
  private static func equations(in text: [Unicode.Scalar]) -> [Int] {
    var (depth, hasBegun, isCommand) = (0, false, false)
    var indices: [Int] = []
    for (index, scalar) in text.enumerated() {
      isCommand = scalar == "\\" || (isCommand && scalar.properties.isAlphabetic)
      if scalar.properties.isAlphabetic || scalar.properties.numericType != nil, !isCommand {
        hasBegun = true
      }
      if "([{".unicodeScalars.contains(scalar), hasBegun { depth += 1 }
      if ")]}".unicodeScalars.contains(scalar) { depth = max(0, depth - 1) }
      guard scalar == "=", depth == 0, index + 1 == text.count || text[index + 1] != ">",
        index == 0 || !"<>!".unicodeScalars.contains(text[index - 1])
      else { continue }
      indices.append(index)
    }
    return indices
  }

  private static let operations: Set<String> = ["times", "plus", "minus", "divided", "multiplied"]
  /// Words that reckon with the number before them where an equation says the result.
  private static let factors: Set<String> = ["of", "over", "dozen", "dozens", "pairs"]
  /// Words behind a number that say why it is so.
  private static let reasons: Set<String> = ["since", "because", "as", "when", "if", "where"]

  private static let copulas: Set<String> = ["is", "are", "was", "were", "has", "have", "equals"]

  /// The words between the first number and the next one, or the last `=`.
  private var wordsBehindFirst: [String] {
    let start = numerals[0].range.upperBound
    var end = numerals.count > 1 ? numerals[1].range.lowerBound : text.count
    if let equals, equals >= start { end = min(end, equals) }
    return words(of: text[start..<max(start, end)])
  }

  /// Whether the first number is said to be one, and a reason follows: no equation there is meant.
  private var isExplained: Bool {
    words(of: text[..<numerals[0].range.lowerBound]).last.map(Self.copulas.contains) == true
      && wordsBehindFirst.contains(where: Self.reasons.contains)
  }

  /// Whether the first number is reckoned with: by an operator, by a word, or up to the `=`, where it
  /// has no value of its own (`\sqrt{9} = 3`), or another one follows.
  private var isReckonedInWords: Bool {
    let end = numerals[0].range.upperBound
    if scanner.isReckonedWith(from: end) { return true }
    let words = wordsBehindFirst
    if words.contains(where: Self.reasons.contains) { return false }
    if numerals.count > 1, words.contains(where: Self.operations.contains) { return true }
    // The sign may as well stand before the number: `= 18`.
    guard let equals, end <= equals else { return false }
    let factor = text[end..<equals].filter { $0 != " " }
    if factor.count == 1 && scanner.at(end).map("xyzn".unicodeScalars.contains) == true {
      return true
    }
    return numerals[0].number == nil
      || (numerals.count > 1 && numerals[1].range.lowerBound < equals)
      || words.contains { Self.operations.contains($0) || Self.factors.contains($0) }
  }

  /// Whether the numbers before `index` stand left of the last `=`, in its equation or in workings.
  ///
  /// Where the equation says what a name is, what another one is does not belong to it: `x = 5, y = 6`.
  private func areInEquation(before index: Int) -> Bool {
    guard index > 0, let equals else { return index == 0 }
    var start = equals
    while start > 0, !isEndOfClause(start - 1) { start -= 1 }
    if words(of: text[start..<equals]).contains("and") { return false }
    return numerals[0].range.lowerBound >= start
      || numerals[..<index].contains { $0.number != nil && $0.range.lowerBound >= start }
  }

  // MARK: Beside the number

  /// Whether the numbers behind `index` only explain it, or say it again: in brackets, right of its
  /// `=`, or behind a word such as "because".
  private func areAside(behind index: Int) -> Bool {
    var (end, depth) = (numerals[index].range.upperBound, 0)
    for numeral in numerals[(index + 1)...] {
      let between = text[end..<max(end, numeral.range.lowerBound)]
      for scalar in between {
        if "([{".unicodeScalars.contains(scalar) { depth += 1 }
        if ")]}".unicodeScalars.contains(scalar), depth > 0 { depth -= 1 }
      }
      let words = words(of: between)
      if words.contains(where: Self.reasons.contains)
        || equals.map(between.indices.contains) == true
      {
        return true
      }
      let isAgain =
        numeral.number != nil && numeral.number == numerals[index].number && !words.isEmpty
      guard isAgain || depth > 0 || words.contains(where: Self.references.contains) else {
        return false
      }
      end = max(end, numeral.range.upperBound)
    }
    return true
  }

  /// Words between a number and one that is not meant: 5 out of 10.
  private static let references: Set<String> = ["from", "per", "out", "not"]

  private static let negations: Set<String> = ["not", "never", "cannot", "neither"]
  /// Words right before a number that make it another one, or a bound.
  private static let modifiers: Set<String> = [
    "than", "least", "most", "over", "under", "above", "below", "beyond", "half", "twice",
    "double", "triple",
  ]
  private static let parts: Set<String> = [
    "half", "third", "quarter", "tenth", "square", "cube", "root", "double", "triple", "multiple",
    "factorial", "inverse", "reciprocal", "negative",
  ]

  /// Whether the digits in `range` are not what is stated: `not 5`, `x > 5`, `x + 5`, `half of 5`.
  private func isAnother(_ range: Range<Int>) -> Bool {
    if isBehindComparison(range) || isBehindOperator(range.lowerBound) { return true }
    var (start, end) = (range.lowerBound, range.upperBound)
    while start > 0, !isEndOfClause(start - 1) { start -= 1 }
    while end < text.count, !isEndOfClause(end), text[end] != "(" { end += 1 }
    let before = words(of: text[start..<range.lowerBound])
    let behind = words(of: text[range.upperBound..<end])
    if (before + behind).contains(where: { Self.negations.contains($0) || $0.hasSuffix("n't") }) {
      return true
    }
    guard let last = before.last else { return false }
    return Self.modifiers.contains(last) || before.suffix(2) == ["up", "to"]
      || (last == "of" && before.dropLast().last.map(Self.parts.contains) == true)
  }

  /// Whether a sentence or a part of it ends at `index`.
  private func isEndOfClause(_ index: Int) -> Bool {
    if ",.".unicodeScalars.contains(text[index]) {
      return !scanner.isDigit(at: index + 1)
    }
    return ";:!?\n".unicodeScalars.contains(text[index])
  }

  /// The words of a part in lower case, what stands beside their letters aside.
  private func words(of part: ArraySlice<Unicode.Scalar>) -> [String] {
    part.split { $0.properties.isWhitespace || "([{}])-".unicodeScalars.contains($0) }
      .compactMap { word in
        guard let first = word.firstIndex(where: \.properties.isAlphabetic),
          let last = word.lastIndex(where: \.properties.isAlphabetic)
        else { return nil }
        let scalars = word[first...last].map { $0 == "\u{2019}" ? "'" : $0 }
        return String(String.UnicodeScalarView(scalars)).lowercased()
      }
  }

  private static let comparisons: Set<String> = [
    "le", "leq", "leqslant", "ge", "geq", "geqslant", "ne", "neq", "lt", "gt",
  ]

  /// Whether `<`, `≥`, `!=` or their kin stand before the number; an arrow and the brackets of a tag
  /// are none.
  private func isBehindComparison(_ range: Range<Int>) -> Bool {
    var index = range.lowerBound - 1
    while let scalar = scanner.at(index), " *$({[".unicodeScalars.contains(scalar) { index -= 1 }
    guard let sign = scanner.at(index) else { return false }
    switch sign {
    case "≤", "≥", "≠", "≮", "≯": return true
    case "=": return scanner.at(index - 1).map("<>!".unicodeScalars.contains) ?? false
    case "<": return scanner.at(range.upperBound) != ">"
    case ">":
      if let before = scanner.at(index - 1), "-=".unicodeScalars.contains(before) { return false }
      return !text[max(0, index - 24)..<index].contains("<")
    default:
      let letters = text[...index].suffix(9).reversed().prefix { $0.properties.isAlphabetic }
      guard !letters.isEmpty, scanner.at(index - letters.count) == "\\" else { return false }
      return words(of: ArraySlice(letters.reversed())).first.map(Self.comparisons.contains) ?? false
    }
  }

  /// Whether an operator stands between the number that starts at `start` and what is not read:
  /// x + 5, x - 5, x*5, COVID-19.
  private func isBehindOperator(_ start: Int) -> Bool {
    var index = start - 1
    while let scalar = scanner.at(index), " $({[\\".unicodeScalars.contains(scalar) { index -= 1 }
    guard let sign = scanner.at(index) else { return false }
    // Two signs: --4.
    if index == start - 1, sign == "+" || scanner.isMinus(sign) { return true }
    var left = index - 1
    while scanner.at(left) == " " { left -= 1 }
    guard scanner.isLetter(at: left) || scanner.isValue(endingAt: left) else { return false }
    if "+×÷".unicodeScalars.contains(sign) { return true }
    let isGlued = left == index - 1
    if sign == "*" { return isGlued == (scanner.at(index + 1) != " ") }
    return scanner.isMinus(sign) && (isGlued || !scanner.isLetter(at: left - 1))
  }
}

/// What may stand before a number without making it another thing.
private enum Markup {
  private static let commands = [
    "\\boxed", "\\fbox", "\\text", "\\textbf", "\\mathbf", "\\mathrm", "\\mathsf", "\\mathit",
  ]
  private static let around = Set("*_`\"'“”‘’«»()[]{}\\$=≈#~:".unicodeScalars)
  /// Words right before a number that say no more than that it follows.
  private static let leadingWords: Set<String> = [
    "is", "equals", "about", "approximately", "approx", "around", "roughly", "nearly", "almost",
    "exactly", "usd", "eur", "gbp", "jpy", "cny", "rmb", "inr", "aud", "cad", "chf", "rs",
  ]
  /// Words that may stand before those, or before a colon.
  private static let subjects: Set<String> = [
    "the", "final", "answer", "result", "value", "so", "thus", "hence", "therefore", "it",
  ]

  /// Whether nothing but markup and words that lead to a number stands in `part`.
  static func isAll(of part: ArraySlice<Unicode.Scalar>) -> Bool {
    var text = String(String.UnicodeScalarView(part))
    for command in commands { text = text.replacing(bytes: command + "{", with: "{") }
    return leads(text)
      && text.unicodeScalars.allSatisfy {
        $0.properties.isWhitespace || $0.properties.isAlphabetic || around.contains($0)
          || $0.properties.generalCategory == .currencySymbol
      }
  }

  /// Whether all words of `text` lead to a number: those of the list, and a name before `=`.
  private static func leads(_ text: String) -> Bool {
    var words = text.unicodeScalars.split { !$0.properties.isAlphabetic }
    if let sign = text.unicodeScalars.lastIndex(where: { $0 == "=" || $0 == "≈" }),
      let word = words.last, word.endIndex <= sign
    {
      words.removeLast()
    }
    let names = words.map { String($0).lowercased() }
    let isClosed = text.unicodeScalars.contains { "=≈:".unicodeScalars.contains($0) }
    return names.allSatisfy { leadingWords.contains($0) || subjects.contains($0) }
      && (isClosed || names.last.map(leadingWords.contains) ?? true)
  }
}

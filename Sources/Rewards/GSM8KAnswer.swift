internal import Formats

/// 1 when the number behind the completion's last `####` is the answer, else 0.
///
/// ``WrittenNumber`` says what a number is, and the last `####` with digits behind it in its line
/// (or, where that is blank, in the next one that is not) counts. The number is what that line begins
/// with, as in `#### **$29.00** in all` and `#### 29 (= 30 - 1)`, unless more is reckoned with it;
/// else what stands behind the last `=`, as in `#### 3 + 4 = 7`; else the only one, as in
/// `#### The answer is 29.` So ``NumericMatch`` reads a whole answer, except that other numbers may
/// follow here: 29 in `#### 29 apples and 3 pears`.
///
/// `style: verl` is verl's rule instead (`verl/utils/reward_score/gsm8k.py`, strict), which wants
/// the number written as the answer is: in the last 300 characters, the last match of
///
///     #### (-?[0-9.,]+)
///
/// with every `,` and `$` removed, compared with the answer as text. So neither "72.0" nor "$72" is
/// "72", nor is "72." with the point that ends a sentence.
///
/// An answer that itself holds a `#### n` (a GSM8K solution) is read by the same rule, and any other
/// as a whole. Options: `style` (`number`, the default, or `verl`) and `format_score` (default 0),
/// for a completion that has the form but another number. A row whose answer is missing or, except
/// in verl's style, no number is a failed score.
public struct GSM8KAnswer: PerCompletionReward, AnswerComparing, BuiltIn {
  /// The rule by which the number behind `####` is read.
  public enum Style: String, Sendable, CaseIterable {
    /// Numbers are read as people write them, and compared by value.
    case number
    /// verl's strict rule: numbers are compared as text.
    case verl
  }

  /// The name in recipes.
  public static let name = "gsm8k"
  static let summary = "1 when the number behind the completion's last #### is the answer, else 0"
  static let example: JSONObject = ["format_score": 0.1]

  /// The name in logs and messages.
  public let name: String
  /// True: every completion is compared with the answer.
  public var needsAnswer: Bool { true }
  private let style: Style
  private let formatScore: Double

  /// Creates the reward.
  ///
  /// - Precondition: `formatScore` is finite.
  public init(label: String = Self.name, style: Style = .number, formatScore: Double = 0) {
    precondition(formatScore.isFinite)
    (name, self.style, self.formatScore) = (label, style, formatScore)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    self.init(
      label: label,
      style: try options.choice(
        "style", "by value, or by verl's rule", default: .number, of: Style.allCases),
      formatScore: try options.number(
        "format_score", "the score of a wrong number in the right format", default: 0,
        in: -1e9...1e9))
  }

  /// 1, `format_score`, or 0 where the completion has no number behind a `####`.
  ///
  /// - Throws: `ScoreFailure` where the answer is missing or, except in verl's style, no number.
  public func score(_ completion: Completion) throws -> Double? {
    let expected = try expected(completion)
    guard let answer = answer(of: completion) else { return 0 }
    return answer.canonical.hasSameBytes(as: expected) ? 1 : formatScore
  }

  /// The answer's fault: it is missing, or no number.
  public func fault(in row: Completion) -> RowFault? { answerFault(in: row) }

  /// The number behind the last `####`; nil where there is none.
  public func answer(of completion: Completion) -> ComparedAnswer? {
    markedNumber(in: completion.text)
  }

  private func markedNumber(in text: String) -> ComparedAnswer? {
    switch style {
    case .number:
      Self.statement(in: text).flatMap { NumberStatement($0).number }.map(ComparedAnswer.init)
    case .verl: Self.verlNumber(in: text).map { ComparedAnswer($0, canonical: $0) }
    }
  }

  private func expected(_ completion: Completion) throws -> String {
    let answer = try completion.trimmedAnswer()
    if let number = markedNumber(in: answer) { return number.canonical }
    switch style {
    case .number:
      guard let number = WrittenNumber(answer) else {
        throw ScoreFailure("the answer \(answer.quotedForMessage()) is not a number")
      }
      return number.canonical
    case .verl: return Self.withoutSeparators(answer)
    }
  }

  // MARK: Numbers as people write them

  /// The line behind the last `####`; nil where no mark has digits behind it.
  private static func statement(in text: String) -> String? {
    let bytes = Array(text.utf8)
    let mark = Array("####".utf8)
    var end = bytes.count
    while let start = ByteSearch.last(mark, in: bytes, endingBy: end) {
      let rest = String(decoding: bytes[(start + mark.count)..<end], as: UTF8.self)
      let line = rest.trimmingWhiteSpace.unicodeScalars.prefix { $0 != "\n" && $0 != "\r" }
      if line.contains(where: isDigit) { return String(line) }
      end = start
    }
    return nil
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  // MARK: verl's rule

  /// The number behind the last `#### ` of the last 300 characters; nil when there is none.
  private static func verlNumber(in text: String) -> String? {
    let bytes = Array(String(text.unicodeScalars.suffix(300)).utf8)
    let mark = Array("#### ".utf8)

    var last: String?
    var position = 0
    while let start = ByteSearch.first(mark, in: bytes, from: position) {
      position = start + mark.count
      let minus = bytes[position...].first == UInt8(ascii: "-")
      let digits = bytes[(position + (minus ? 1 : 0))...].prefix(while: isNumberByte)
      guard !digits.isEmpty else { continue }
      last = (minus ? "-" : "") + String(decoding: digits, as: UTF8.self)
      position = digits.endIndex
    }
    return last.map(withoutSeparators)
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",")
  }

  private static func withoutSeparators(_ text: String) -> String {
    String(text.unicodeScalars.filter { $0 != "," && $0 != "$" })
  }
}

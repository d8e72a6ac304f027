internal import Formats

/// 1 when the number after the completion's last `#### ` is the answer, else 0.
///
/// verl's rule (`verl/utils/reward_score/gsm8k.py`, strict): in the last 300 characters, the last
/// match of
///
///     #### (-?[0-9.,]+)
///
/// with every `,` and `$` removed, compared with the answer as text. So "72.0" is not "72", and
/// neither is "72." with the point that ends a sentence. An answer that itself holds a `#### n`
/// (a GSM8K solution) is read by the same rule; any other is trimmed and loses `,` and `$`.
/// Option: `format_score` (default 0), for a completion that has the form but another number.
/// A row without an answer is a failed score.
public struct GSM8KAnswer: PerCompletionReward {
  public static let name = "gsm8k"

  public let name: String
  public var needsAnswer: Bool { true }
  private let formatScore: Double

  public init(label: String = Self.name, formatScore: Double = 0) {
    precondition(formatScore.isFinite)
    self.name = label
    self.formatScore = formatScore
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    self.init(
      label: label, formatScore: try options.number("format_score", default: 0, in: -1e9...1e9))
  }

  public func score(_ completion: Completion) throws -> Double? {
    let answer = try completion.trimmedAnswer()
    guard let number = Self.number(in: completion.text) else { return 0 }
    let expected = Self.number(in: answer) ?? Self.withoutSeparators(answer)
    return number.hasSameBytes(as: expected) ? 1 : formatScore
  }

  /// The number after the last `#### ` of the last 300 characters; nil when there is none.
  static func number(in text: String) -> String? {
    var tail = String.UnicodeScalarView()
    tail.append(contentsOf: text.unicodeScalars.suffix(300))
    let bytes = Array(String(tail).utf8)
    let mark = Array("#### ".utf8)

    var last: String?
    var position = 0
    while let start = TextComparison.firstPosition(of: mark, in: bytes, from: position) {
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
    var kept = String.UnicodeScalarView()
    kept.append(contentsOf: text.unicodeScalars.filter { $0 != "," && $0 != "$" })
    return String(kept)
  }
}

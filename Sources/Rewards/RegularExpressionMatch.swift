internal import Formats
internal import Foundation
internal import Synchronization

/// 1 when the completion matches a regular expression, else 0.
///
/// The syntax is ICU's (<https://unicode-org.github.io/icu/userguide/strings/regexp.html>), with
/// lookaround, back references and flags such as `(?s)` (a point matches line ends too) and `(?i)`.
/// Nothing is trimmed, and no canonical equivalents are matched. Options: `pattern` (required),
/// `match` (`search`, the default: anywhere in the completion; or `whole`: the completion from
/// start to end), `ignore_case` (by ICU's case folding: `straße` matches STRASSE, but a set such as
/// `[ß]` matches one letter only). Needs no answer.
///
/// The engine backtracks, so a pattern like `(a+)+$` can take time exponential in the text. A
/// completion of more than 16,384 UTF-16 units, or one that takes more than about ten million
/// steps (some tenths of a second; more for long texts), is a failed score. Steps are counted, not
/// seconds: the same completion fails on every machine.
public struct RegularExpressionMatch: PerCompletionReward, BuiltIn {
  /// How much of the completion the pattern must match.
  public enum Mode: String, Sendable, CaseIterable {
    /// Any part.
    case search
    /// All of it, from start to end.
    case whole
  }

  /// The name in recipes.
  public static let name = "regex"
  static let summary = "1 when the completion matches a regular expression, else 0"
  static let example: JSONObject = ["pattern": "^[0-9]+$"]

  static let maximumLength = 16_384
  /// How often the engine may report its progress: once in 10,000 steps, and once for every
  /// position where it looks for a match, which is free.
  private static func maximumReports(length: Int) -> Int { 1_000 + length + 1 }

  /// The name in logs and messages.
  public let name: String
  private let expression: NSRegularExpression

  /// Creates the reward; by default the pattern may match anywhere.
  ///
  /// - Throws: `RewardError.badOption` for a pattern that is not in ICU's syntax.
  public init(
    label: String = Self.name, pattern: String, mode: Mode = .search, ignoringCase: Bool = false
  ) throws(RewardError) {
    self.name = label
    let whole = mode == .whole ? "\\A(?:\(pattern))\\z" : pattern
    do {
      // The pattern alone as well: "a)|(b" is valid within the brackets only.
      _ = try NSRegularExpression(pattern: pattern)
      expression = try NSRegularExpression(
        pattern: whole, options: ignoringCase ? .caseInsensitive : [])
    } catch {
      throw .badOption(
        reward: Self.name, option: "pattern",
        problem: "not a regular expression in ICU's syntax (got \(pattern.quotedForMessage()))")
    }
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    guard
      let pattern = try options.string(
        "pattern", "the regular expression, in ICU's syntax", isRequired: true)
    else {
      throw options.missing("pattern", need: "a regular expression")
    }
    try self.init(
      label: label, pattern: pattern,
      mode: try options.choice(
        "match", "anywhere in the completion, or all of it", default: .search, of: Mode.allCases),
      ignoringCase: try options.bool(
        "ignore_case", "compares by ICU's case folding", default: false))
  }

  /// 1 or 0.
  ///
  /// - Throws: `ScoreFailure` for a completion that is too long or takes too many steps.
  public func score(_ completion: Completion) throws -> Double? {
    let length = completion.text.utf16.count
    guard length <= Self.maximumLength else {
      throw ScoreFailure(
        "the completion is too long for a regular expression (\(length) UTF-16 units; "
          + "at most \(Self.maximumLength))")
    }
    return try matches(completion.text, length: length) ? 1 : 0
  }

  private func matches(_ text: String, length: Int) throws(ScoreFailure) -> Bool {
    let maximumReports = Self.maximumReports(length: length)
    let progress = Mutex((found: false, reports: 0))
    // SAFETY: `stop` is used only within the call it is passed to.
    unsafe expression.enumerateMatches(
      in: text, options: .reportProgress, range: NSRange(location: 0, length: length)
    ) { match, _, stop in
      let ends = progress.withLock {
        if match != nil { $0.found = true } else { $0.reports += 1 }
        return $0.found || $0.reports > maximumReports
      }
      if ends { unsafe stop.pointee = true }
    }
    let (found, reports) = progress.withLock { $0 }
    if !found && reports > maximumReports {
      throw ScoreFailure("the regular expression takes too many steps on this completion")
    }
    return found
  }
}

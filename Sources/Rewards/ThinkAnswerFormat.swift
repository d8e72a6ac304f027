internal import Formats

/// 1 when the completion shows its thinking in the tags it should, else 0.
///
/// `format: think` (the default) is TRL's `think_format_reward`: the text matches
///
///     ^<think>(?!.*<think>)(.*?)</think>.*$      (a point matches line ends too)
///
/// that is, it starts with `<think>`, has no other `<think>`, and has a `</think>` after it.
/// `format: think_answer` asks for more: `<think>`, `</think>`, `<answer>` and `</answer>` each
/// exactly once and in this order, the first at the very start, only white space between
/// `</think>` and `<answer>`, and only white space at the end. Tags are told by their bytes.
/// Needs no answer.
public struct ThinkAnswerFormat: PerCompletionReward, BuiltIn {
  /// Which tags must be there.
  public enum Format: String, Sendable, CaseIterable {
    /// TRL's `think_format_reward`: `<think>` and `</think>`.
    case think
    /// `<think>`, `</think>`, `<answer>` and `</answer>`, each exactly once and in this order.
    case thinkAnswer = "think_answer"
  }

  /// The name in recipes.
  public static let name = "think_answer_format"
  static let summary = "1 when the completion has the required thinking tags, else 0"
  static let example: JSONObject = ["format": "think_answer"]

  /// The name in logs and messages.
  public let name: String
  private let format: Format

  /// Creates the reward; by default for TRL's format.
  public init(label: String = Self.name, format: Format = .think) {
    (name, self.format) = (label, format)
  }

  init(options: inout RewardOptions, label: String) throws(RewardError) {
    self.init(
      label: label,
      format: try options.choice(
        "format", "the tags that are required", default: .think, of: Format.allCases))
  }

  /// 1 or 0.
  public func score(_ completion: Completion) throws -> Double? {
    let text = Array(completion.text.utf8)
    return switch format {
    case .think: Self.isThink(text) ? 1 : 0
    case .thinkAnswer: Self.isThinkAnswer(text) ? 1 : 0
    }
  }

  private static let openThink = Array("<think>".utf8)
  private static let closeThink = Array("</think>".utf8)
  private static let openAnswer = Array("<answer>".utf8)
  private static let closeAnswer = Array("</answer>".utf8)

  private static func isThink(_ text: [UInt8]) -> Bool {
    positions(of: openThink, in: text) == [0]
      && ByteSearch.first(closeThink, in: text, from: openThink.count) != nil
  }

  private static func isThinkAnswer(_ text: [UInt8]) -> Bool {
    let tags = [openThink, closeThink, openAnswer, closeAnswer]
    let found = tags.map { positions(of: $0, in: text) }
    guard found.allSatisfy({ $0.count == 1 }) else { return false }
    let starts = found.map { $0[0] }
    guard starts[0] == 0, starts[1] < starts[2], starts[2] < starts[3] else { return false }
    let between = text[(starts[1] + closeThink.count)..<starts[2]]
    let after = text[(starts[3] + closeAnswer.count)...]
    return isWhiteSpace(between) && isWhiteSpace(after)
  }

  private static func positions(of tag: [UInt8], in text: [UInt8]) -> [Int] {
    var (positions, start) = ([Int](), 0)
    while let next = ByteSearch.first(tag, in: text, from: start) {
      positions.append(next)
      start = next + tag.count
    }
    return positions
  }

  private static func isWhiteSpace(_ bytes: ArraySlice<UInt8>) -> Bool {
    String(decoding: bytes, as: UTF8.self).trimmingWhiteSpace.isEmpty
  }
}

public import Formats

/// A reward that a recipe can ask for by name.
protocol BuiltIn: PerCompletionReward {
  static var name: String { get }
  /// What it scores, in one line.
  static var summary: String { get }
  /// Options that a recipe may give it.
  static var example: JSONObject { get }

  /// - Parameter label: The name in logs.
  init(options: inout RewardOptions, label: String) throws(RewardError)
}

/// The rewards that a recipe can ask for by name.
public enum BuiltInReward {
  private static let kinds: [any BuiltIn.Type] = [
    ExactMatch.self, NumericMatch.self, ContainsText.self, RegularExpressionMatch.self,
    ThinkAnswerFormat.self, GSM8KAnswer.self, StepMatch.self, Countdown.self, LengthBand.self,
    RepetitionPenalty.self, SoftOverlongPunishment.self,
  ]

  /// Every name, in the order in which messages list them.
  public static let names = kinds.map { $0.name }

  /// An option of a built-in reward.
  public struct Option: Sendable, Equatable {
    /// The option's key in a recipe.
    public let name: String
    /// What the option does, in one line.
    public let meaning: String
    /// The values it takes.
    public let values: Values
    /// The value where a recipe sets none; nil where the option is required or has no default.
    public let defaultValue: String?
    /// Whether a recipe must give the option.
    public let isRequired: Bool

    /// The values it takes, in words.
    public var need: String { values.words }

    /// The values that an option takes.
    public enum Values: Sendable, Equatable {
      /// `true` or `false`.
      case flag
      /// A number in a range.
      case number(ClosedRange<Double>)
      /// A whole number in a range.
      case integer(ClosedRange<Int>)
      /// Any text.
      case text
      /// One of some names.
      case choice([String])

      fileprivate var words: String {
        switch self {
        case .flag: "true or false"
        case .number(let range) where range.upperBound == .greatestFiniteMagnitude:
          "a number of at least \(range.lowerBound)"
        case .number(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .integer(let range): "a whole number, \(range.lowerBound) to \(range.upperBound)"
        case .text: "a text"
        case .choice(let names): "one of \(names.joined(separator: ", "))"
        }
      }
    }
  }

  /// A built-in reward, as `grpo reward list` shows it.
  public struct Description: Sendable, Equatable {
    /// The reward's name in a recipe.
    public let name: String
    /// What it scores, in one line.
    public let summary: String
    /// The options, in the order in which they are read.
    public let options: [Option]
    /// An entry under `rewards` that works as it stands.
    public let example: JSONObject
  }

  /// A description of every built-in reward, in the order of ``names``.
  public static let descriptions = kinds.map { kind in
    var options = RewardOptions(kind.example, of: kind.name)
    guard (try? kind.init(options: &options, label: kind.name)) != nil else {
      preconditionFailure("the example of \(kind.name) is not what it takes")
    }
    return Description(
      name: kind.name, summary: kind.summary, options: options.taken,
      example: JSONObject([("name", .string(kind.name))] + kind.example.entries))
  }

  /// The built-in reward `name`, set up with the options of a recipe.
  ///
  /// - Parameters:
  ///   - options: without the keys that every reward may have (`name`, `weight`).
  ///   - label: the name in logs, where it is to be another than `name`.
  /// - Throws: `RewardError.unknownReward`, `.unknownOption` (both with the nearest name) or
  ///   `.badOption`.
  public static func named(
    _ name: String, options: JSONObject = [:], label: String? = nil
  ) throws(RewardError) -> any PerCompletionReward {
    guard let kind = kinds.first(where: { $0.name.hasSameBytes(as: name) }) else {
      throw .unknownReward(name: name, suggestion: Spelling.closest(to: name, among: names))
    }
    var options = RewardOptions(options, of: name)
    let reward = try kind.init(options: &options, label: label ?? name)
    try options.refuseUnknown()
    return reward
  }
}

extension Completion {
  /// The expected answer without white space at its ends, for scores that cannot do without: a missing
  /// or empty one fails them.
  func trimmedAnswer() throws(ScoreFailure) -> String {
    guard let answer else { throw ScoreFailure("the dataset row has no answer") }
    let text = answer.trimmingWhiteSpace
    // An empty completion would be right.
    guard !text.isEmpty else { throw ScoreFailure("the answer is empty") }
    return text
  }
}

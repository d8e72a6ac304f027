internal import Formats

/// The options of one reward in a recipe, checked as they are taken.
///
/// Take every option, then call ``refuseUnknown()``: what was never asked for is unknown.
struct RewardOptions {
  private let reward: String
  private let options: JSONObject
  /// Every option that was taken, given or not.
  private(set) var taken: [BuiltInReward.Option] = []

  init(_ options: JSONObject, of reward: String) {
    (self.options, self.reward) = (options, reward)
  }

  mutating func bool(
    _ option: String, _ meaning: String, default value: Bool
  ) throws(RewardError) -> Bool {
    try self.value(
      option, meaning, .flag, default: "\(value)", \.bool) ?? value
  }

  /// A number in `range`; every number of a range is finite.
  mutating func number(
    _ option: String, _ meaning: String, default value: Double, in range: ClosedRange<Double>
  ) throws(RewardError) -> Double {
    try number(option, meaning, default: value, range) ?? value
  }

  mutating func number(
    _ option: String, _ meaning: String, in range: ClosedRange<Double>, isRequired: Bool = false
  ) throws(RewardError) -> Double? {
    try number(option, meaning, default: nil, range, isRequired: isRequired)
  }

  private mutating func number(
    _ option: String, _ meaning: String, default value: Double?, _ range: ClosedRange<Double>,
    isRequired: Bool = false
  ) throws(RewardError) -> Double? {
    try self.value(
      option, meaning, .number(range), default: value.map { JSON.number($0).encoded() },
      isRequired: isRequired
    ) { found in found.double.flatMap { range.contains($0) ? $0 : nil } }
  }

  /// A number in `range`, as the decimal that is written where it has at most 400 characters.
  mutating func exactNumber(
    _ option: String, _ meaning: String, default value: Double, in range: ClosedRange<Double>
  ) throws(RewardError) -> ExactNumber {
    let found = try number(option, meaning, default: value, in: range)
    return options[option]?.text.flatMap { WrittenNumber($0)?.number }
      ?? ExactNumber(shortestOf: found)
  }

  mutating func integer(
    _ option: String, _ meaning: String, default value: Int, in range: ClosedRange<Int>
  ) throws(RewardError) -> Int {
    try integer(option, meaning, default: value, range) ?? value
  }

  mutating func integer(
    _ option: String, _ meaning: String, in range: ClosedRange<Int>, isRequired: Bool = false
  ) throws(RewardError) -> Int? {
    try integer(option, meaning, default: nil, range, isRequired: isRequired)
  }

  private mutating func integer(
    _ option: String, _ meaning: String, default value: Int?, _ range: ClosedRange<Int>,
    isRequired: Bool = false
  ) throws(RewardError) -> Int? {
    try self.value(
      option, meaning, .integer(range), default: value.map { "\($0)" }, isRequired: isRequired
    ) { found in
      found.int.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  mutating func string(
    _ option: String, _ meaning: String, default value: String
  ) throws(RewardError) -> String {
    try self.value(option, meaning, .text, default: value, \.string) ?? value
  }

  mutating func string(
    _ option: String, _ meaning: String, isRequired: Bool = false
  ) throws(RewardError) -> String? {
    try value(option, meaning, .text, default: nil, isRequired: isRequired, \.string)
  }

  /// One of `choices` by its raw value.
  mutating func choice<Choice: RawRepresentable<String>>(
    _ option: String, _ meaning: String, default value: Choice, of choices: [Choice]
  ) throws(RewardError) -> Choice {
    try self.value(
      option, meaning, .choice(choices.map(\.rawValue)), default: value.rawValue
    ) { found in
      found.string.flatMap { text in choices.first { $0.rawValue.hasSameBytes(as: text) } }
    } ?? value
  }

  /// What `read` makes of an option; nil where it is not given.
  private mutating func value<Value>(
    _ option: String, _ meaning: String, _ values: BuiltInReward.Option.Values,
    default value: String?, isRequired: Bool = false,
    _ read: (JSON) -> Value?
  ) throws(RewardError) -> Value? {
    let known = BuiltInReward.Option(
      name: option, meaning: meaning, values: values, defaultValue: value, isRequired: isRequired)
    taken.append(known)
    guard let found = options[option] else { return nil }
    guard let value = read(found) else {
      throw bad(option, problem: "got \(found.encoded()); need \(known.need)")
    }
    return value
  }

  func refuseUnknown() throws(RewardError) {
    let known = taken.map(\.name)
    for option in options.keys where !known.contains(where: { $0.hasSameBytes(as: option) }) {
      throw .unknownOption(
        reward: reward, option: option,
        suggestion: Spelling.closest(to: option, among: known), known: known)
    }
  }

  func missing(_ option: String, need: String) -> RewardError {
    bad(option, problem: "missing (need \(need))")
  }

  func bad(_ option: String, problem: String) -> RewardError {
    .badOption(reward: reward, option: option, problem: problem)
  }
}

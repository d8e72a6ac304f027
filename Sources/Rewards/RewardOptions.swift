internal import Formats

/// The options of one reward in a recipe, checked as they are taken.
///
/// Take every option, then call ``refuseUnknown()``: what was never asked for is unknown.
struct RewardOptions {
  private let reward: String
  private let options: JSONObject
  private var known: [String] = []

  init(_ options: JSONObject, of reward: String) {
    self.options = options
    self.reward = reward
  }

  mutating func bool(_ option: String, default value: Bool) throws(RewardError) -> Bool {
    guard let found = take(option) else { return value }
    guard let value = found.bool else { throw bad(option, found, need: "true or false") }
    return value
  }

  /// A number in `range`; every number of a range is finite.
  mutating func number(
    _ option: String, default value: Double, in range: ClosedRange<Double>
  ) throws(RewardError) -> Double {
    try number(option, in: range) ?? value
  }

  mutating func number(
    _ option: String, in range: ClosedRange<Double>
  ) throws(RewardError) -> Double? {
    guard let found = take(option) else { return nil }
    guard let value = found.double, range.contains(value) else {
      throw bad(option, found, need: "\(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A number in `range`, as the decimal that is written where it has at most 400 characters.
  mutating func exactNumber(
    _ option: String, default value: Double, in range: ClosedRange<Double>
  ) throws(RewardError) -> ExactNumber {
    let found = try number(option, default: value, in: range)
    return options[option]?.text.flatMap { WrittenNumber($0)?.number }
      ?? ExactNumber(shortestOf: found)
  }

  mutating func integer(
    _ option: String, default value: Int, in range: ClosedRange<Int>
  ) throws(RewardError) -> Int {
    try integer(option, in: range) ?? value
  }

  mutating func integer(
    _ option: String, in range: ClosedRange<Int>
  ) throws(RewardError) -> Int? {
    guard let found = take(option) else { return nil }
    guard let value = found.int, range.contains(value) else {
      throw bad(option, found, need: "a whole number, \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  mutating func string(_ option: String) throws(RewardError) -> String? {
    guard let found = take(option) else { return nil }
    guard let value = found.string else { throw bad(option, found, need: "a text") }
    return value
  }

  /// One of `choices` by its raw value.
  mutating func choice<Choice: RawRepresentable<String>>(
    _ option: String, default value: Choice, of choices: [Choice]
  ) throws(RewardError) -> Choice {
    guard let found = take(option) else { return value }
    guard let text = found.string,
      let choice = choices.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) })
    else {
      throw bad(
        option, found, need: "one of \(choices.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  func refuseUnknown() throws(RewardError) {
    for option in options.keys where !known.contains(where: { $0.utf8.elementsEqual(option.utf8) })
    {
      throw .unknownOption(
        reward: reward, option: option,
        suggestion: Spelling.closest(to: option, among: known), known: known)
    }
  }

  func missing(_ option: String, need: String) -> RewardError {
    .badOption(reward: reward, option: option, problem: "missing (need \(need))")
  }

  func bad(_ option: String, problem: String) -> RewardError {
    .badOption(reward: reward, option: option, problem: problem)
  }

  private mutating func take(_ option: String) -> JSON? {
    known.append(option)
    return options[option]
  }

  private func bad(_ option: String, _ found: JSON, need: String) -> RewardError {
    bad(option, problem: "got \(found.encoded()); need \(need)")
  }
}

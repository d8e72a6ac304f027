internal import Formats

/// Why rewards could not be set up, or what a reward function returned that no score can be.
public enum RewardError: Error, Sendable, Equatable {
  // Setting up.
  /// No built-in reward has this name; `suggestion` is the nearest.
  case unknownReward(name: String, suggestion: String?)
  /// The reward has no such option; `suggestion` is the nearest of those it has.
  case unknownOption(reward: String, option: String, suggestion: String?, known: [String])
  /// An option's value is out of range or of another kind.
  case badOption(reward: String, option: String, problem: String)
  /// A set without any reward.
  case noReward
  /// Two rewards of a set have the same name.
  case duplicateName(String)
  /// A weight that is not finite.
  case badWeight(reward: String, weight: Double)
  /// A plug-in that does not start, or does not answer when it starts.
  case cannotStart(reward: String, problem: String)

  // Scoring.
  /// A reply does not say which request it answers.
  case withoutID(reward: String)
  /// A line came after a reply, so the reply may have been none; its scores were used.
  case doubtful(reward: String, problem: String)
  /// A server refuses the credentials it was sent.
  case credentialsRefused(reward: String, problem: String)
  /// A score failed where `on_error` is `fail`.
  case scoreFailed(reward: String, reason: String)
  /// The weighted sum of a completion's rewards overflows; completions count from 0.
  case sumNotFinite(completion: Int)
  /// A function threw, or returned something other than scores for the request.
  case failed(reward: String, problem: String)
}

extension RewardError: CustomStringConvertible {
  /// What is wrong, in one line.
  public var description: String {
    switch self {
    case .unknownReward(let name, let suggestion):
      "unknown reward '\(oneLine(name))'\(didYouMean(suggestion)) (need a plug-in, or one of "
        + BuiltInReward.names.joined(separator: ", ") + ")"
    case .unknownOption(let reward, let option, let suggestion, let known):
      "\(oneLine(option)): unknown option of \(reward)\(didYouMean(suggestion)) (need "
        + (known.isEmpty ? "none)" : "one of \(known.joined(separator: ", ")))")
    case .badOption(let reward, let option, let problem):
      "\(oneLine(option)): option of \(reward): \(oneLine(problem))"
    case .noReward:
      "no reward (need at least one)"
    case .duplicateName(let name):
      "two rewards are called '\(oneLine(name))' (give one of them another name)"
    case .badWeight(let reward, let weight):
      "weight of reward '\(oneLine(reward))' must be finite (got \(weight))"
    case .cannotStart(let reward, let problem):
      "reward '\(oneLine(reward))': cannot start: \(oneLine(problem))"
    case .withoutID(let reward):
      "reward '\(oneLine(reward))': its reply has no id, so it may answer another request (need "
        + "the request's id in every reply, or ids: off)"
    case .doubtful(let reward, let problem):
      "reward '\(oneLine(reward))': some of its scores may be wrong: \(oneLine(problem))"
    case .credentialsRefused(let reward, let problem):
      "reward '\(oneLine(reward))': the server refused its credentials: \(oneLine(problem))"
    case .scoreFailed(let reward, let reason):
      "reward '\(oneLine(reward))': a score failed, and on_error is fail: \(oneLine(reason))"
    case .sumNotFinite(let completion):
      "rewards: completion \(completion): the weighted sum of its rewards is not finite"
    case .failed(let reward, let problem):
      "reward '\(oneLine(reward))': \(oneLine(problem))"
    }
  }

  private func didYouMean(_ suggestion: String?) -> String {
    suggestion.map { "; did you mean \($0)?" } ?? ""
  }
}

/// The reason why one completion's score failed, in one line.
public struct ScoreFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// Why the score failed, in one line.
  public var reason: String
  /// Creates a failure with its reason.
  public init(_ reason: String) { self.reason = reason }
  /// The reason.
  public var description: String { reason }
}

/// The start of a text for a message.
package func excerpt(_ bytes: some Collection<UInt8>) -> String {
  let text = oneLine(String(decoding: bytes.prefix(80), as: UTF8.self))
  return bytes.count > 80 ? text + "…" : text
}

/// `text` cut to 300 scalars, in one line.
package func oneLine(_ text: String) -> String { text.shortened(toScalars: 300).visible() }

import Formats
import Rewards

extension Completion {
  /// A completion of which only the text, the answer and the number of tokens matter.
  static func of(_ text: String, answer: String? = nil, tokens: Int = 1) -> Completion {
    Completion(
      prompt: "", text: text, tokenIDs: Array(0..<tokens), finishReason: .stop, answer: answer)
  }
}

extension RewardReport.Outcome {
  var reward: CompletionReward? {
    if case .scored(let reward) = self { reward } else { nil }
  }
}

/// Returns the same response whatever it is asked.
struct FixedReward: RewardFunction {
  var name: String
  var response: RewardResponse
  func score(_ request: RewardRequest) -> RewardResponse { response }
}

extension PerCompletionReward {
  /// The score of a single completion.
  func score(_ text: String, answer: String?) throws -> Double? {
    try score(Completion.of(text, answer: answer))
  }
}

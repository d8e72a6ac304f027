public import Formats
public import Recipes
internal import RewardPlugins

/// One update of a run's next step as one of its questions sees it: the completions, and what every
/// token adds to the gradient.
public struct Explanation: Sendable {
  /// One token of a completion.
  ///
  /// Log-probs are natural logarithms.
  public struct Token: Sendable, Equatable {
    /// The token's id.
    public var id: Int
    /// The token alone as text; empty for one that decodes to nothing.
    public var text: String
    /// Whether the token ends the completion.
    public var isEnd: Bool
    /// log π_θ before the update.
    public var logProb: Double
    /// log π_θ after the update.
    public var nextLogProb: Double
    /// log π_old, of the policy that drew the completion.
    public var oldLogProb: Double
    /// log π_ref; nil where the step does not compute it, as there is no reference policy or the
    /// divergence from it is exact.
    public var referenceLogProb: Double?
    /// The entropy of the distribution that the token was drawn from, in nats.
    public var entropy: Double?
    /// The importance ratio of the token, or of its completion.
    public var ratio: Double
    /// The token's term of the penalty to the reference, in the loss or in the reward, before β, as
    /// the recipe estimates it.
    public var kl: Double?
    /// The token's advantage.
    public var advantage: Double
    /// Whether a bound is active on what the token adds to the policy term.
    public var isClipped: Bool
    /// ∂loss/∂log π_θ.
    public var coefficient: Double
  }

  /// One completion of the question, with its rewards.
  public struct Completion: Sendable {
    /// The completion as text.
    public var text: String
    /// Every reward function's score, before its weight; nil where there is none.
    public var rewards: [(name: String, value: Double?)]
    /// The reward functions that failed, and why.
    public var failures: [(name: String, reason: String)]
    /// The reward that the advantage is estimated from; nil where nothing was scored.
    public var reward: Double?
    /// Whether the first reward calls the completion right.
    public var isCorrect: Bool
    /// The completion's tokens, in order.
    public var tokens: [Token]

    /// log π_θ of the whole completion before the update: the sum over its tokens.
    public var logProb: Double { tokens.reduce(0) { $0 + $1.logProb } }
    /// log π_θ of the whole completion after the update.
    public var nextLogProb: Double { tokens.reduce(0) { $0 + $1.nextLogProb } }
    /// Σ ∂loss/∂log π_θ over its tokens: where it is negative, the gradient raises the probability.
    public var coefficient: Double { tokens.reduce(0) { $0 + $1.coefficient } }
  }

  /// The question's row in `data.train`, from 0.
  public var row: Int
  /// The prompt as the policy reads it.
  public var prompt: String
  /// The row's answer; nil where it has none.
  public var answer: String?
  /// Updates made on these completions before the one that is shown.
  public var updates: Int
  /// The number of the run's next step, as its logs will have it.
  public var step: Int
  /// Whether the run's next step asks the question; otherwise it replaces the step's first here.
  public var isInStep: Bool
  /// The loss before the update.
  public var loss: Double
  /// Whether all tokens of a completion have the same ratio, that of the completion.
  public var sharesRatio: Bool
  /// The first reward, which decides what is right; nil where there is none.
  public var judge: String?
  /// Whether the question's rewards are equal and all of its advantages 0.
  public var teachesNothing: Bool
  /// How many questions the step asks.
  public var stepQuestions: Int
  /// How many of the step's questions have equal rewards.
  public var stepQuestionsWithEqualRewards: Int
  /// How many of the step's questions teach nothing.
  public var stepQuestionsWithoutEffect: Int
  /// The completions of the question, in the order in which they were drawn.
  public var completions: [Completion]
  /// The keys of the recipe that differ from the recipe that the run was started with.
  public var recipeDifferences: [Recipe.Difference]
  /// Why a run would not make this step, or learn nothing from it: rewards failed, or overflow.
  public var failure: TrainingError?
}

extension Explanation {
  /// The explanation as JSON, with every number.
  public var encoded: JSONObject {
    var object: JSONObject = [
      "question": .integer(row), "prompt": .string(prompt),
      "answer": answer.map { .string($0) } ?? .null,
      "step": .integer(step), "updates": .integer(updates), "loss": .number(loss),
      "ratio_of": .string(sharesRatio ? "completion" : "token"),
      "nothing_to_learn": .bool(teachesNothing), "step_questions": .integer(stepQuestions),
      "step_questions_with_equal_rewards": .integer(stepQuestionsWithEqualRewards),
      "step_questions_with_nothing_to_learn": .integer(stepQuestionsWithoutEffect),
      "completions": .array(completions.map { .object($0.encoded) }),
    ]
    if !isInStep { object["in_step"] = .bool(false) }
    if !recipeDifferences.isEmpty {
      object["recipe_differences"] = .array(
        recipeDifferences.map {
          [
            "field": .string($0.field), "got": .string(Redaction.redacted(urlsIn: $0.got)),
            "need": .string(Redaction.redacted(urlsIn: $0.need)),
          ]
        })
    }
    if let failure { object["failure"] = .string("\(failure)") }
    return object
  }
}

extension Explanation.Completion {
  fileprivate var encoded: JSONObject {
    var scores = JSONObject()
    for reward in rewards { scores[reward.name] = reward.value.map { .number($0) } ?? .null }
    var object: JSONObject = [
      "completion": .string(text), "rewards": .object(scores),
      "reward": reward.map { .number($0) } ?? .null, "correct": .bool(isCorrect),
      "logprob": .number(logProb), "next_logprob": .number(nextLogProb),
      "coefficient": .number(coefficient),
    ]
    if !failures.isEmpty {
      object["failures"] = .object(JSONObject(failures.map { ($0.name, .string($0.reason)) }))
    }
    object["tokens"] = .array(tokens.map { .object($0.encoded) })
    return object
  }
}

extension Explanation.Token {
  fileprivate var encoded: JSONObject {
    func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    return [
      "id": .integer(id), "text": .string(text), "logprob": .number(logProb),
      "next_logprob": .number(nextLogProb), "old_logprob": .number(oldLogProb),
      "reference_logprob": number(referenceLogProb), "entropy": number(entropy),
      "ratio": .number(ratio), "kl": number(kl), "advantage": .number(advantage),
      "clipped": .bool(isClipped), "coefficient": .number(coefficient),
    ]
  }
}

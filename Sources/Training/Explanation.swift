public import Formats

/// One update laid open: a question, its completions, and what every token adds to the gradient.
public struct Explanation: Sendable {
  public struct Token: Sendable {
    public var id: Int
    public var text: String
    /// log π_θ, log π_old and log π_ref; the last is nil where the step does not compute it, since there
    /// is no reference policy or the divergence from it is exact.
    public var logProb: Double
    public var oldLogProb: Double
    public var referenceLogProb: Double?
    public var entropy: Double?
    /// The importance ratio, of the token or of its completion.
    public var ratio: Double
    /// The token's share of the penalty to the reference, in the loss or in the reward, before β, as the
    /// recipe estimates it.
    public var kl: Double?
    public var advantage: Double
    /// Whether a bound holds what the token adds to the policy term.
    public var isClipped: Bool
    /// ∂loss/∂log π_θ.
    public var coefficient: Double
  }

  public struct Completion: Sendable {
    public var text: String
    /// Every reward function's score, before its weight; nil where there is none.
    public var rewards: [(name: String, value: Double?)]
    /// Why reward functions have no score, those that failed.
    public var failures: [(name: String, reason: String)]
    /// What the advantages were estimated from; nil where nothing was scored.
    public var reward: Double?
    public var tokens: [Token]
  }

  public var prompt: String
  public var answer: String?
  /// Updates made on these completions before the one whose numbers are shown.
  public var updates: Int
  /// The number of the run's next step, as its logs will have it.
  public var step: Int
  /// Whether the run's next step asks the question; else it takes the place of the step's first here.
  public var isInStep: Bool
  /// Of the update that is shown.
  public var loss: Double
  public var completions: [Completion]
  /// Why a run would not make this step, or learn nothing from it: rewards failed, or overflow.
  public var failure: TrainingError?
}

extension Explanation {
  /// For programs.
  public var encoded: JSONObject {
    var object: JSONObject = [
      "prompt": .string(prompt), "answer": answer.map { .string($0) } ?? .null,
      "step": .integer(step), "updates": .integer(updates), "loss": .number(loss),
      "completions": .array(completions.map { .object($0.encoded) }),
    ]
    if !isInStep { object["in_step"] = .bool(false) }
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
      "reward": reward.map { .number($0) } ?? .null,
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
      "old_logprob": .number(oldLogProb), "reference_logprob": number(referenceLogProb),
      "entropy": number(entropy), "ratio": .number(ratio), "kl": number(kl),
      "advantage": .number(advantage), "clipped": .bool(isClipped),
      "coefficient": .number(coefficient),
    ]
  }
}

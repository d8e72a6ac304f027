/// Everything an objective may know about one optimizer step, one entry per completion token.
///
/// The batch spans the whole step, so that an objective's denominators do too: it is never cut
/// into micro-batches. What an objective does not ask for may be nil; what it asks for must be
/// there. Entries of masked tokens are never read.
///
/// Shapes: every array: [T], T the tokens of all completions; `completions` cuts 0..<T into
/// consecutive ranges, in canonical order (question, then sample). A range may be empty.
public struct ObjectiveBatch: Sendable {
  public var completions: [Range<Int>]
  /// log π_θ of each token under the distribution it was drawn from.
  public var logProb: [Double]
  /// log π_old: the policy that drew the completions.
  public var oldLogProb: [Double]
  /// log π_ref: the reference policy.
  public var referenceLogProb: [Double]?
  /// Entropy of π_θ at each token's position, in nats.
  public var entropy: [Double]?
  /// Exact KL between π_θ and π_old at each token's position, in the objective's direction.
  public var klOld: [Double]?
  /// Exact KL between π_θ and π_ref at each token's position, in the objective's direction.
  public var klReference: [Double]?
  /// V_φ before each token.
  public var value: [Double]?
  /// V before each token as it was when the completions were drawn.
  public var oldValue: [Double]?
  /// What V is fitted to, R̂ of each token.
  public var valueTarget: [Double]?
  public var reward: [Double]?
  public var advantage: [Double]
  /// Which tokens count; true for every token up to and including EOS.
  public var mask: [Bool]

  public init(
    completions: [Range<Int>],
    logProb: [Double],
    oldLogProb: [Double],
    referenceLogProb: [Double]? = nil,
    entropy: [Double]? = nil,
    klOld: [Double]? = nil,
    klReference: [Double]? = nil,
    value: [Double]? = nil,
    oldValue: [Double]? = nil,
    valueTarget: [Double]? = nil,
    reward: [Double]? = nil,
    advantage: [Double],
    mask: [Bool]
  ) {
    self.completions = completions
    self.logProb = logProb
    self.oldLogProb = oldLogProb
    self.referenceLogProb = referenceLogProb
    self.entropy = entropy
    self.klOld = klOld
    self.klReference = klReference
    self.value = value
    self.oldValue = oldValue
    self.valueTarget = valueTarget
    self.reward = reward
    self.advantage = advantage
    self.mask = mask
  }

  /// Tokens of all completions, masked ones included.
  public var tokenCount: Int { mask.count }

  /// Stops the program where the shapes disagree: they are the caller's own arithmetic.
  func checkShapes() {
    let count = mask.count
    precondition(logProb.count == count, "logProb: one entry per token")
    precondition(oldLogProb.count == count, "oldLogProb: one entry per token")
    precondition(advantage.count == count, "advantage: one entry per token")
    for column in [
      referenceLogProb, entropy, klOld, klReference, value, oldValue, valueTarget, reward,
    ] {
      precondition(column.map { $0.count == count } ?? true, "one entry per token")
    }
    var end = 0
    for range in completions {
      precondition(range.lowerBound == end, "completions: consecutive ranges from 0")
      end = range.upperBound
    }
    precondition(end == count, "completions: the ranges cover every token")
  }
}

/// Everything an objective may know about one optimizer step, one entry per completion token.
///
/// The batch spans the whole step, so that an objective's denominators do too: it is never cut
/// into micro-batches. What an objective does not ask for may be nil; what it asks for must be
/// there. Entries of masked tokens are never read.
///
/// Shapes: every array: [T], T the tokens of all completions; `completions` cuts 0..<T into
/// consecutive ranges, in canonical order (question, then sample). A range may be empty.
public struct ObjectiveBatch: Sendable {
  /// The tokens of each completion: consecutive ranges that cover 0..<T, some of which may be
  /// empty.
  public var completions: [Range<Int>]
  /// log π_θ of each token, in nats, under the temperature and filters it was drawn with.
  public var logProb: [Double]
  /// log π_old of each token, in nats: the policy that drew the completions.
  public var oldLogProb: [Double]
  /// log π_ref of each token, in nats: the reference policy.
  public var referenceLogProb: [Double]?
  /// Entropy of π_θ at each token's position, in nats.
  public var entropy: [Double]?
  /// Exact KL between π_θ and π_old at each token's position, in nats and in the objective's
  /// direction.
  public var klOld: [Double]?
  /// Exact KL between π_θ and π_ref at each token's position, in nats and in the objective's
  /// direction.
  public var klReference: [Double]?
  /// V_φ before each token, in units of reward.
  public var value: [Double]?
  /// V before each token as it was when the completions were drawn.
  public var oldValue: [Double]?
  /// R̂ of each token, which V is fitted to.
  public var valueTarget: [Double]?
  /// Â of each token.
  public var advantage: [Double]
  /// Which tokens count; true for every token up to and including EOS.
  public var mask: [Bool]

  /// Creates a batch.
  ///
  /// Objectives check the shapes and stop the program where they disagree.
  public init(
    completions: [Range<Int>], logProb: [Double], oldLogProb: [Double],
    referenceLogProb: [Double]? = nil, entropy: [Double]? = nil, klOld: [Double]? = nil,
    klReference: [Double]? = nil, value: [Double]? = nil, oldValue: [Double]? = nil,
    valueTarget: [Double]? = nil, advantage: [Double], mask: [Bool]
  ) {
    (self.completions, self.logProb, self.oldLogProb) = (completions, logProb, oldLogProb)
    (self.referenceLogProb, self.entropy, self.klOld) = (referenceLogProb, entropy, klOld)
    (self.klReference, self.value, self.oldValue) = (klReference, value, oldValue)
    (self.valueTarget, self.advantage, self.mask) = (valueTarget, advantage, mask)
  }

  /// Tokens of all completions, masked ones included.
  public var tokenCount: Int { mask.count }

  /// Tokens that count.
  public var unmaskedTokenCount: Int { mask.count { $0 } }

  /// Stops the program where the shapes disagree: they are the caller's own arithmetic.
  func checkShapes() {
    let count = mask.count
    precondition(logProb.count == count, "logProb: one entry per token")
    precondition(oldLogProb.count == count, "oldLogProb: one entry per token")
    precondition(advantage.count == count, "advantage: one entry per token")
    for column in [
      referenceLogProb, entropy, klOld, klReference, value, oldValue, valueTarget,
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

extension ObjectiveBatch {
  /// A mini-batch: the tokens of some completions, given by their numbers, in the order given.
  public func selecting(_ numbers: [Int]) -> ObjectiveBatch {
    let ranges = numbers.map { completions[$0] }
    func picked<Value>(_ column: [Value]) -> [Value] { ranges.flatMap { column[$0] } }
    var end = 0
    return ObjectiveBatch(
      completions: ranges.map { range in
        defer { end += range.count }
        return end..<end + range.count
      },
      logProb: picked(logProb), oldLogProb: picked(oldLogProb),
      referenceLogProb: referenceLogProb.map(picked), entropy: entropy.map(picked),
      klOld: klOld.map(picked), klReference: klReference.map(picked), value: value.map(picked),
      oldValue: oldValue.map(picked), valueTarget: valueTarget.map(picked),
      advantage: picked(advantage), mask: picked(mask))
  }

  /// Σ m·x over the step's tokens; `x` is asked for unmasked tokens only.
  package func maskedSum(_ x: (_ token: Int) -> Double) -> Double {
    mask.indices.reduce(0) { mask[$1] ? $0 + x($1) : $0 }
  }

  /// Σ m·x / max(1, Σ m), likewise.
  package func maskedMean(_ x: (_ token: Int) -> Double) -> Double {
    maskedSum(x) / Double(max(1, unmaskedTokenCount))
  }

  /// The share of the step's unmasked tokens for which `condition` holds.
  ///
  /// With a ratio for each token it is a mean over tokens. With one for each completion it is the
  /// mean over completions of their own shares, as in TRL: a long completion's ratio is no more
  /// a ratio than a short one's. Completions without an unmasked token have no share.
  func meanShare(perCompletion: Bool, of condition: (_ token: Int) -> Bool) -> Double {
    guard perCompletion else { return maskedMean { condition($0) ? 1 : 0 } }
    let shares = self.shares(of: condition)
    return shares.reduce(0, +) / Double(max(1, shares.count))
  }

  /// The share within each completion that has an unmasked token.
  func shares(of condition: (_ token: Int) -> Bool) -> [Double] {
    completions.compactMap { range in
      let tokens = range.filter { mask[$0] }
      return tokens.isEmpty ? nil : Double(tokens.count(where: condition)) / Double(tokens.count)
    }
  }
}

/// How tokens are chosen.
///
/// Filters apply in this order: temperature, top-k, top-p, min-p; ties go to the lower id.
public struct SamplingOptions: Sendable, Equatable {
  /// Divides the logits, within ``temperatures``; 0 takes the most likely token.
  public var temperature: Double
  /// Keeps the k most likely tokens, at least 1; nil keeps all.
  public var topK: Int?
  /// Keeps the fewest most likely tokens whose probabilities reach this sum; 1 keeps all.
  public var topP: Double
  /// Drops tokens less likely than this share of the most likely one; 0 keeps all.
  public var minP: Double
  /// The most tokens of a completion, its end-of-sequence token included.
  public var maximumTokens: Int
  /// Ids that end a completion, and belong to it.
  public var eosIDs: [Int]

  /// The range of temperatures other than 0; within it, scaled logits and log-probs stay within
  /// single precision.
  public static let temperatures = 0.001...100.0

  /// Creates options; `topK` 0 keeps all tokens, as nil does and as other programs take it.
  ///
  /// - Precondition: the temperature and `topK` are not negative, 0 < `topP` ≤ 1, 0 ≤ `minP` ≤ 1,
  ///   and `maximumTokens` is at least 1.
  public init(
    temperature: Double = 1, topK: Int? = nil, topP: Double = 1, minP: Double = 0,
    maximumTokens: Int, eosIDs: [Int]
  ) {
    precondition(temperature >= 0 && (topK ?? 0) >= 0 && 0 < topP && topP <= 1)
    precondition(0 <= minP && minP <= 1 && maximumTokens >= 1)
    (self.temperature, self.topK) = (temperature, topK == 0 ? nil : topK)
    (self.topP, self.minP) = (topP, minP)
    (self.maximumTokens, self.eosIDs) = (maximumTokens, eosIDs)
  }

  /// Whether a token may be kept from being drawn.
  var filters: Bool { temperature > 0 && (topK != nil || topP < 1 || minP > 0) }

  /// The temperature that log-probs refer to; 1 at temperature 0.
  public var scoringTemperature: Double { temperature == 0 ? 1 : temperature }
}

public import Formats

/// The squared error of the value function against its targets.
///
///     loss = Σ_t w_t·(V_t − R̂_t)²
///     clipped:  Σ_t w_t·max( (V − R̂)², (V_old + clip(V − V_old, ±ε) − R̂)² )
///
/// PPO's Algorithm 1, line 7, plain and without a factor ½. The clipped form is that of PPO's first
/// implementation (PPO2), on no paper's page: V may come closer to R̂ by ε at most.
///
/// Metrics: `value_loss`, `explained_variance` and `value_clip_ratio`.
///
/// Edge cases: no unmasked token gives loss 0 and no gradient. V exactly on a bound keeps its
/// gradient. A token without a target must be masked.
public struct ValueLoss: Objective, Equatable {
  /// ε > 0, in units of reward; nil for the plain error.
  public let clipRange: Double?
  /// Which weights w the tokens have.
  public let aggregation: Aggregation

  /// Creates the loss; by default the plain squared error, a mean over tokens.
  ///
  /// - Precondition: `clipRange` is nil, or positive and finite.
  public init(clipRange: Double? = nil, aggregation: Aggregation = .tokenMean) {
    precondition(clipRange.map { $0 > 0 && $0.isFinite } ?? true)
    self.clipRange = clipRange
    self.aggregation = aggregation
  }

  /// Values, old values and value targets.
  public var needs: Set<ObjectiveNeed> { [.values] }

  /// The loss and its derivative by V; the policy's log-probs get none.
  ///
  /// - Precondition: the batch has `value` and `valueTarget`, and `oldValue` where there is a clip
  ///   range.
  public func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
    batch.checkShapes()
    guard let value = batch.value, let target = batch.valueTarget else {
      preconditionFailure("a value loss needs value and valueTarget")
    }
    let weights = aggregation.weights(completions: batch.completions, mask: batch.mask)
    let tokens = batch.mask.indices.filter { batch.mask[$0] }
    var (loss, clipped) = (0.0, 0)
    var dValue = [Double](repeating: 0, count: batch.tokenCount)
    for t in tokens {
      let error = value[t] - target[t]
      let bounded = boundedError(value[t], target[t], old: batch.oldValue?[t])
      if let bounded, bounded * bounded > error * error {
        loss += weights[t] * bounded * bounded
        clipped += 1
      } else {
        loss += weights[t] * error * error
        dValue[t] = 2 * weights[t] * error
      }
    }
    var metrics = [Metric(.valueLoss, loss)]
    if let targets = Moments(of: tokens.map { target[$0] })?.standardDeviation, targets > 0,
      let errors = Moments(of: tokens.map { target[$0] - value[$0] })?.standardDeviation
    {
      let unexplained = errors / targets
      metrics.append(Metric(.explainedVariance, 1 - unexplained * unexplained))
    }
    if clipRange != nil {
      metrics.append(Metric(.valueClipRatio, Double(clipped) / Double(max(1, tokens.count))))
    }
    return ObjectiveResult(
      loss: loss, dLogProb: dValue.map { _ in 0 }, dValue: dValue, metrics: metrics)
  }

  /// The error of V_old + clip(V − V_old, ±ε); nil where that is V itself.
  private func boundedError(_ value: Double, _ target: Double, old: Double?) -> Double? {
    guard let clipRange else { return nil }
    guard let old else { preconditionFailure("a clipped value loss needs oldValue") }
    let change = value - old
    guard abs(change) > clipRange else { return nil }
    return old + (change > 0 ? clipRange : -clipRange) - target
  }
}

extension Metric.Name {
  /// The loss before the update.
  public static let valueLoss = Metric.Name("value_loss")
  /// 1 − Var(R̂ − V)/Var(R̂) over the unmasked tokens, absent where R̂ does not vary: 1 for a perfect V,
  /// 0 for a constant, less for a worse one.
  public static let explainedVariance = Metric.Name("explained_variance")
  /// The share of tokens whose gradient the clip takes away; absent without a clip.
  public static let valueClipRatio = Metric.Name("value_clip_ratio")
}

/// The negative log-likelihood of given completions: the objective of a warm start.
///
///     loss = −Σ_t m_t·log π_θ(o_t) / max(1, Σ_t m_t)
///
/// The mean is over the unmasked tokens of the whole step, whichever completion they are in.
/// Old and reference log-probs and advantages are not read. Metrics: `entropy`, the mean over
/// the same tokens, where the batch has it.
///
/// Edge cases: no unmasked token gives loss 0 and no gradient.
public struct Likelihood: Objective, Equatable {
  /// Creates the objective, which has no coefficients.
  public init() {}

  /// The mean negative log-likelihood of the unmasked tokens, in nats per token.
  public func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
    batch.checkShapes()
    let tokens = Double(max(1, batch.unmaskedTokenCount))
    let measurement = PolicyMeasurement(
      entropy: batch.entropy.map { entropy in batch.maskedMean { entropy[$0] } })
    return ObjectiveResult(
      loss: 0 - batch.maskedMean { batch.logProb[$0] },
      dLogProb: batch.mask.map { $0 ? -1 / tokens : 0 },
      measurement: measurement, metrics: measurement.metrics)
  }
}

/// Logits are not finite: no token can be drawn from them, and no sequence scored.
public enum SamplingError: Error, CustomStringConvertible, Sendable {
  /// The logits that a token would be drawn from; `position` counts the completion's tokens from 0.
  case notFinite(step: Int, row: Int, sample: Int, position: Int)
  /// The logits of a sequence that is scored; `number` counts the sequences from 1.
  case sequenceNotFinite(number: Int)

  /// What is wrong and where, in one line.
  public var description: String {
    switch self {
    case .notFinite(let step, let row, let sample, let position):
      "step \(step): question \(row), sample \(sample), position \(position): "
        + "the logits are not finite (need finite numbers)"
    case .sequenceNotFinite(let number):
      "sequence \(number): the logits are not finite"
    }
  }
}

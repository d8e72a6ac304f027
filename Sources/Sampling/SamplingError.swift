/// Logits that are not finite: nothing can be drawn from them, and no sequence scored by them.
public enum SamplingError: Error, CustomStringConvertible, Sendable {
  case notFinite(step: Int, row: Int, sample: Int, position: Int)
  case sequenceNotFinite(number: Int)

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

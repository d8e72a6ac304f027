/// When the reference policy follows the policy, and how far; at first it is the policy.
///
///     π_ref ← (1 − α)·π_ref + α·π_θ      (the parameters)
///
/// M is the number of steps of an outer iteration; steps count from 0 over the whole run.
public enum ReferenceSchedule: Sendable, Equatable {
  /// All the way at the start of each outer iteration: Shao et al. 2024 (DeepSeekMath), Algorithm 1
  /// (<https://arxiv.org/abs/2402.03300>).
  case reset
  /// Never: it stays what the policy was before the first step.
  case fixed
  /// Every `steps` ≥ 1 steps by `alpha`, above 0 and at most 1: TRL's `sync_ref_model`.
  case mix(alpha: Double, steps: Int)

  /// α before a step; nil where the reference stays.
  ///
  /// - Parameter iteration: M ≥ 1.
  public func share(before step: Int, iteration: Int) -> Double? {
    precondition(iteration >= 1)
    if step == 0 { return 1 }
    return switch self {
    case .fixed: nil
    case .reset: step % iteration == 0 ? 1 : nil
    case .mix(let alpha, let steps): step % steps == 0 ? alpha : nil
    }
  }

  /// How often the reference has moved by the end of a step, its first setting included.
  public func moves(through step: Int, iteration: Int) -> Int {
    switch self {
    case .fixed: 1
    case .reset: step / iteration + 1
    case .mix(_, let steps): step / steps + 1
    }
  }
}

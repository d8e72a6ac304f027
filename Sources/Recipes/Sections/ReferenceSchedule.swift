internal import PolicyOptimization

/// What becomes of the reference policy: `reference`.
extension ReferenceSchedule: Choice {
  static var all: [ReferenceSchedule] { [.reset, .fixed, .mix(alpha: 0.6, steps: 512)] }

  var name: String {
    switch self {
    case .reset: "reset"
    case .fixed: "fixed"
    case .mix: "mix"
    }
  }

  mutating func declare(_ fields: Fields) {
    guard case .mix(var alpha, var steps) = self else { return }
    fields(
      "ref_model_mixup_alpha", &alpha, .number(above: 0, through: 1),
      "The share of the policy in the new reference: π_ref ← α·π + (1 − α)·π_ref.")
    fields(
      "ref_model_sync_steps", &steps, .integer(1...1_000_000_000), "Steps between two mixes.")
    self = .mix(alpha: alpha, steps: steps)
  }
}

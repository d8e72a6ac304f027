/// A policy's objective and a value function's loss, minimized together on one transformer.
///
///     loss = L_policy + c·L_value
///
/// Schulman et al. 2017 (PPO), eq. 9 (<https://arxiv.org/abs/1707.06347>). Metrics are the
/// policy's, then the value function's.
public struct JointObjective: Objective {
  /// The policy's objective; its adaptive coefficients change with ``adapt(to:completions:)``.
  public private(set) var policy: any Objective
  /// The value function's loss.
  public let value: ValueLoss
  /// c > 0, usually 0.5.
  public let coefficient: Double

  /// Creates the sum of a policy's objective and `coefficient` times a value function's loss.
  ///
  /// - Precondition: `coefficient` is positive and finite.
  public init(policy: any Objective, value: ValueLoss, coefficient: Double) {
    precondition(coefficient > 0 && coefficient.isFinite)
    (self.policy, self.value, self.coefficient) = (policy, value, coefficient)
  }

  /// What the policy's objective needs, and values.
  public var needs: Set<ObjectiveNeed> { policy.needs.union(value.needs) }

  /// The sum of both losses, with the derivatives of both; the measurement is the policy's.
  public func callAsFunction(_ batch: ObjectiveBatch) -> ObjectiveResult {
    var result = policy(batch)
    let values = value(batch)
    result.loss += coefficient * values.loss
    result.dValue = values.dValue.map { $0.map { coefficient * $0 } }
    result.metrics += values.metrics
    return result
  }

  /// The policy's token terms; the value function has none.
  public func tokenTerms(of batch: ObjectiveBatch) -> TokenTerms { policy.tokenTerms(of: batch) }

  /// The adaptive coefficients of the policy's objective.
  public var adaptiveState: [String: Double] {
    get { policy.adaptiveState }
    set { policy.adaptiveState = newValue }
  }

  /// Adapts the coefficients of the policy's objective.
  public mutating func adapt(to measurement: PolicyMeasurement, completions: Int) {
    policy.adapt(to: measurement, completions: completions)
  }
}

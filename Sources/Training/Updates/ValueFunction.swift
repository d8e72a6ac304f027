package import Formats
internal import Kernels
package import LanguageModel
package import PolicyOptimization
package import Recipes

/// V(s), the reward to be expected from a state on: a scalar head on a transformer.
///
///     V(s_t) = w·n(h_t),   h_t the residual stream of the row that predicts token t
///
/// Its transformer is one of its own, a copy of the first policy that is fitted after each policy
/// update (line 7 of the lecture's PPO), or the policy's, where the value loss joins the policy's
/// loss. The head's weights start at 0, so that V is 0 at first.
package final class ValueFunction {
  private let settings: Recipe.ValueFunction
  private let loss: ValueLoss
  package let head: ScalarHead
  private let trunk: Trunk?
  /// Of the transformer, where it is one of its own, then of the head.
  private let optimizer: AdamOptimizer

  /// A transformer of its own.
  private struct Trunk {
    let parameters: Parameters
    let gradient: Parameters
  }

  package init(_ settings: Recipe.ValueFunction, policy: Parameters) {
    (self.settings, loss) = (settings, ValueLoss(clipRange: settings.clip))
    head = ScalarHead(policy.configuration)
    var counts = [head.weight.buffer.count]
    if settings.trunk == .policy {
      trunk = nil
    } else {
      trunk = Trunk(
        parameters: Parameters(policy.configuration), gradient: Parameters(policy.configuration))
      trunk?.parameters.buffer.copy(from: policy.buffer)
      counts.insert(policy.buffer.count, at: 0)
    }
    optimizer = AdamOptimizer(learningRate: settings.learningRate, counts: counts)
  }

  /// Whether the head stands on the policy's transformer.
  var isOnPolicy: Bool { trunk == nil }

  /// Updates made over the whole run.
  package var updateCount: Int {
    get { optimizer.updateCount }
    set { optimizer.updateCount = newValue }
  }

  /// V of the state before every completion token, in canonical order.
  package func values(of batch: TokenBatch, policy: Parameters, engine: Engine) -> [Double] {
    engine.values(trunk?.parameters ?? policy, batch, head, keep: false).values.map(Double.init)
  }

  /// What V is fitted to, in canonical order, with γ and λ of the advantages; nil where there is no
  /// reward.
  package func targets(
    _ groups: RewardGroups, for advantage: any AdvantageEstimator
  ) -> [Double?] {
    settings.target(groups, discount: advantage.discount, lambda: advantage.lambda)
  }

  /// Fits a transformer of its own to the targets of a step's parts; on the policy's transformer
  /// the policy's updates have done so already.
  ///
  /// Metrics: those of the loss before the first pass, and `value_skipped_updates`.
  package func fit(
    _ parts: [UpdateProblem], engine: Engine
  ) -> (metrics: [Metric], overflowCount: Int) {
    guard let trunk else { return ([], 0) }
    var metrics: [Metric] = []
    var overflowCount = 0
    for epoch in 0..<settings.epochs {
      for part in parts {
        var inputs = part.inputs
        let refusal = optimizer.update(
          trunk.parameters, gradient: trunk.gradient, head, on: part.batch, engine
        ) { values in
          inputs.value = values.map(Double.init)
          let result = loss(inputs)
          if epoch == 0 { metrics += result.metrics }
          return (result.loss, result.dValue?.map(Float.init))
        }.refusal
        count(refusal)
        if refusal == .overflow { overflowCount += 1 }
      }
    }
    let skips = overflowCount == 0 ? [] : [Metric(.skippedValueUpdates, Double(overflowCount))]
    return (metrics.combined() + skips, overflowCount)
  }

  /// Moves the head by the gradient that a policy update has left with it.
  ///
  /// - Parameter loss: That of the policy update.
  func updateHead(loss: Double, _ workers: Workers) -> UpdateSignal.Refusal? {
    let refusal = optimizer.update(
      [(head.weight.buffer, head.gradient.buffer)], loss: loss, workers: workers
    ).refusal
    count(refusal)
    return refusal
  }

  /// V is right already, as it is where it is 0 at first and nothing has been earned: Adam has seen a
  /// gradient, of zeros.
  private func count(_ refusal: UpdateSignal.Refusal?) {
    if refusal == .noGradient { optimizer.updateCount += 1 }
  }
}

// MARK: Checkpoints

extension ValueFunction {
  /// The transformer of its own and its moments, laid out as parameters are.
  var trunkState: [(name: String, numbers: FloatBuffer)] {
    guard let trunk else { return [] }
    let moments = optimizer.moments[0]
    return [
      ("model", trunk.parameters.buffer), ("first_moment", moments.firstMoment),
      ("second_moment", moments.secondMoment),
    ]
  }

  var headState: ScalarHeadState {
    ScalarHeadState(head: head, moments: optimizer.moments[optimizer.moments.count - 1])
  }
}

extension Metric.Name {
  /// Updates of the value function that moved nothing, since their numbers overflow.
  static let skippedValueUpdates = Metric.Name("value_skipped_updates")
}

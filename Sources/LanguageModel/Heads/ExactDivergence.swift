internal import Kernels

/// What another policy's layers made of a batch: its residual stream before the last norm.
///
/// There is one row for every row that predicts a completion token, in the canonical order
/// (question; the prompt's last row; then completion, position). The head turns a block of them at a
/// time into that policy's distributions, so no row of its logits is ever stored. The parameters are
/// read then: they must not move while the comparison is in use, so a policy that is being trained
/// leaves a copy.
///
/// Shapes: stream: [prediction rows, C].
package struct HiddenStates: Sendable {
  let stream: Matrix
  let parameters: Parameters
}

/// Which distribution an exact divergence averages over.
package enum Divergence: Sendable {
  /// KL(other‖π_θ): with π_old as the other, PPO's penalty.
  case otherToPolicy
  /// KL(π_θ‖other): with π_ref as the other, GRPO's penalty.
  case policyToOther
}

/// Another policy, and the direction in which the one that is trained is measured against it.
package struct ExactDivergence: Sendable {
  package let hidden: HiddenStates
  package let direction: Divergence

  package init(_ hidden: HiddenStates, _ direction: Divergence) {
    (self.hidden, self.direction) = (hidden, direction)
  }
}

/// The rows of another policy that belong to a micro-batch, beside those of the one that is trained.
package struct ComparedRows: Sendable {
  let comparison: ExactDivergence
  /// The other's row at which the micro-batch begins.
  let first: Int
  /// Memory for its logits, per worker.
  let memory: [LogitRows]

  /// Computes its logits at a chunk of the micro-batch's rows, for use by the same worker.
  func compute(_ chunk: Range<Int>, worker: Int) {
    let hidden = comparison.hidden
    memory[worker].compute(
      hidden.parameters, hidden.stream,
      rows: first + chunk.lowerBound..<first + chunk.upperBound, .rows(worker: worker))
  }

  /// KL in the comparison's direction at row `index` of the chunk, rounded once.
  func divergence(
    of policy: Softmax.Distribution, at index: Int, worker: Int, over support: [Int32]?
  ) -> Float {
    let other = distribution(at: index, worker, support, policy.temperature)
    switch comparison.direction {
    case .otherToPolicy: return Float(ExactKL.forward(of: other, from: policy))
    case .policyToOther: return Float(ExactKL.forward(of: policy, from: other))
    }
  }

  /// Adds `coefficient` times that divergence's gradient with respect to the policy's logits.
  func backward(
    _ dlogits: Matrix, _ policy: Softmax.Distribution, at index: Int, worker: Int,
    over support: [Int32]?, coefficient: Float
  ) {
    let other = distribution(at: index, worker, support, policy.temperature)
    switch comparison.direction {
    case .otherToPolicy:
      ExactKL.backward(
        dlogits, policy: policy, other: other, dOtherToPolicy: coefficient, dPolicyToOther: 0)
    case .policyToOther:
      ExactKL.backward(
        dlogits, policy: policy, other: other, dOtherToPolicy: 0, dPolicyToOther: coefficient)
    }
  }

  private func distribution(
    at index: Int, _ worker: Int, _ support: [Int32]?, _ temperature: Float
  ) -> Softmax.Distribution {
    memory[worker].row(index, worker: worker)
      .distribution(over: support, temperature: temperature)
  }
}

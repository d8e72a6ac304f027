internal import Kernels
package import LanguageModel
package import PolicyOptimization

/// π_ref, the policy that the trained one is held to: a copy of it that follows as scheduled.
package final class ReferencePolicy {
  package let parameters: Parameters
  private let schedule: ReferenceSchedule
  private let stepsPerIteration: Int

  package init(
    of policy: Parameters, schedule: ReferenceSchedule, stepsPerIteration: Int
  ) {
    (self.schedule, self.stepsPerIteration) = (schedule, stepsPerIteration)
    parameters = policy.copy()
  }

  /// Follows the policy as far as the schedule says before a step, and answers whether it moved.
  ///
  /// The optimizer's state survives.
  ///
  /// - Parameter memory: As large as a policy; what it holds is lost.
  func follow(
    _ policy: Parameters, before step: Int, memory: Parameters, workers: Workers
  ) -> Bool {
    guard let alpha = schedule.share(before: step, iteration: stepsPerIteration) else {
      return false
    }
    if alpha == 1 {
      parameters.buffer.copy(from: policy.buffer)
    } else {
      // π_ref + α·(π_θ − π_ref).
      memory.buffer.copy(from: policy.buffer)
      memory.buffer.add(parameters.buffer, times: -1, workers: workers)
      parameters.buffer.add(memory.buffer, times: Float(alpha), workers: workers)
    }
    return true
  }

  /// How often it has moved by the time that a step was made.
  func moves(through step: Int) -> Int {
    schedule.moves(through: step, iteration: stepsPerIteration)
  }
}

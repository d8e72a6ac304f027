package import Kernels
package import LanguageModel

/// Tries ever shorter steps of the policy, until one holds.
package struct Backtracking {
  /// The policy before the first step.
  private let start: FloatBuffer

  package init(count: Int) { start = FloatBuffer(count: count) }

  /// Moves the policy by the first of `steps` along a direction that holds and leaves it finite; by
  /// none, bit for bit, where none does or one throws.
  ///
  /// - Parameter holds: Asked about each step when the policy has made it; trials count from 1.
  package func move(
    _ policy: Parameters, along direction: FloatBuffer, by steps: [Double], _ workers: Workers,
    where holds: (_ trial: Int) async throws -> Bool
  ) async rethrows -> (step: Double?, trials: Int) {
    start.copy(from: policy.buffer)
    var taken: Double?
    defer { if taken == nil { policy.buffer.copy(from: start) } }
    for (index, step) in steps.enumerated() {
      policy.buffer.copy(from: start)
      policy.buffer.add(direction, times: Float(step), workers: workers)
      if try await holds(index + 1), policy.isFinite(workers) {
        taken = step
        return (step, index + 1)
      }
    }
    return (nil, steps.count)
  }
}

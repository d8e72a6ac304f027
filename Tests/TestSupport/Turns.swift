internal import Foundation
internal import Synchronization
package import Testing

/// Lets a few of many go on at a time, in the order of their coming.
///
/// Tests run side by side, all of them: as many programs at once take more memory and descriptors
/// than a machine has to give.
package final class Turns: Sendable {
  private struct State {
    var free: Int
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>

  package init(_ count: Int) { state = Mutex(State(free: count)) }

  /// Four a processor, and no more than 1,024 descriptors serve, which is all that many a system gives.
  package convenience init() {
    self.init(min(4 * ProcessInfo.processInfo.activeProcessorCount, 32))
  }

  /// Waits for a turn, and gives it back when `body` is through.
  package func take<Result>(_ body: () async throws -> Result) async rethrows -> Result {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.free > 0 {
          state.free -= 1
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
    defer {
      let next = state.withLock { state in
        if state.waiting.isEmpty {
          state.free += 1
          return nil as CheckedContinuation<Void, Never>?
        }
        return state.waiting.removeFirst()
      }
      next?.resume()
    }
    return try await body()
  }
}

/// Lets a few tests go on at a time, of all suites that have it: those that start plug-ins or make
/// runs.
package struct InTurn: SuiteTrait, TestTrait, TestScoping {
  private static let turns = Turns()

  package var isRecursive: Bool { true }

  package func provideScope(
    for test: Test, testCase: Test.Case?,
    performing function: @concurrent @Sendable () async throws -> Void
  ) async throws {
    try await Self.turns.take(function)
  }
}

extension Trait where Self == InTurn {
  package static var inTurn: Self { Self() }
}

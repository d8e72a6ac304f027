internal import Synchronization

/// What a child process writes, as lines that were asked for.
///
/// Holds one line at most. A byte that nobody asked for, or a line of more than `limit` bytes,
/// breaks the inbox: it takes no more, and every later wait ends with the reason.
package final class LineInbox: Sendable {
  package enum Failure: Error, Equatable {
    /// There will be no more: the output was closed or the process ended.
    case ended
    case tooLong(limit: Int)
    /// Output outside a request, with its beginning.
    case unsolicited([UInt8])
    case cancelled
  }

  private struct State {
    var expectsLine = false
    var partial: [UInt8] = []
    var line: [UInt8]?
    var failure: Failure?
    var waiter: CheckedContinuation<Result<[UInt8], Failure>, Never>?

    /// The outcome that can be handed out now.
    mutating func takeOutcome() -> Result<[UInt8], Failure>? {
      if let line {
        self.line = nil
        return .success(line)
      }
      return failure.map(Result.failure)
    }
  }

  private let limit: Int
  private let state = Mutex(State())

  package init(limit: Int) { self.limit = limit }

  /// Why no further line will come.
  package var failure: Failure? { state.withLock(\.failure) }

  /// Says that one line is due.
  package func expectLine() { state.withLock { $0.expectsLine = true } }

  /// Takes in output, and says whether more is wanted.
  package func receive(_ bytes: [UInt8]) -> Bool {
    update { state in
      guard state.failure == nil, !bytes.isEmpty else { return }
      guard state.expectsLine else {
        state.failure = .unsolicited(Array(bytes.prefix(256)))
        return
      }
      guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else {
        state.partial += bytes
        if state.partial.count > limit { state.failure = .tooLong(limit: limit) }
        return
      }
      state.partial += bytes[..<end]
      guard state.partial.count <= limit else {
        state.failure = .tooLong(limit: limit)
        return
      }
      state.line = state.partial
      state.partial = []
      state.expectsLine = false
      let rest = bytes[(end + 1)...]
      if !rest.isEmpty { state.failure = .unsolicited(Array(rest.prefix(256))) }
    }
    return failure == nil
  }

  /// Says that no more output will come.
  package func end() { update { $0.failure = $0.failure ?? .ended } }

  /// Waits for the line that is due; cancelling the task ends the wait.
  package func line() async -> Result<[UInt8], Failure> {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let outcome = state.withLock { state -> Result<[UInt8], Failure>? in
          if let outcome = state.takeOutcome() { return outcome }
          if Task.isCancelled { return .failure(.cancelled) }
          state.waiter = continuation
          return nil
        }
        if let outcome { continuation.resume(returning: outcome) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.waiter.take() }
      waiter?.resume(returning: .failure(.cancelled))
    }
  }

  /// Changes the state, and wakes the waiter when that gave it something.
  private func update(_ change: (inout State) -> Void) {
    let wakeUp = state.withLock { state -> (() -> Void)? in
      change(&state)
      guard let waiter = state.waiter, let outcome = state.takeOutcome() else { return nil }
      state.waiter = nil
      return { waiter.resume(returning: outcome) }
    }
    wakeUp?()
  }
}

internal import Synchronization

/// What a child process writes, as lines that were asked for.
///
/// Holds one line at most. A byte that nobody asked for, or a line of more than `limit` bytes,
/// breaks the inbox: it takes no more, every later wait ends with the reason, and a line that was not
/// yet waited for is not handed out. One that discards takes bytes that nobody asked for, up to
/// `limit` between two lines, and forgets them, unless a line of them could be a reply.
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
    /// What was discarded since a line was last expected.
    var discardedBytes = 0
    var discardedLines = 0
    /// The beginning of a line that is being discarded and whose rest is due.
    var discarding: [UInt8] = []
    var partial: [UInt8] = []
    var line: [UInt8]?
    /// The line that came since one was last expected, whether or not it was handed out.
    var lastLine: [UInt8]?
    var failure: Failure?
    var waiter: CheckedContinuation<Result<[UInt8], Failure>, Never>?

    /// The outcome that can be handed out now.
    mutating func takeOutcome() -> Result<[UInt8], Failure>? {
      // More output after a line makes it suspicious; the end of the output does not.
      if let failure, failure != .ended { return .failure(failure) }
      if let line {
        self.line = nil
        return .success(line)
      }
      return failure.map(Result.failure)
    }
  }

  private let limit: Int
  private let isReply: (@Sendable ([UInt8]) -> Bool)?
  private let state = Mutex(State())

  /// - Parameter isReply: makes it one that discards, and says whether a line could be a reply.
  package init(limit: Int, discardsUnless isReply: (@Sendable ([UInt8]) -> Bool)? = nil) {
    (self.limit, self.isReply) = (limit, isReply)
  }

  /// Why no further line will come.
  package var failure: Failure? { state.withLock(\.failure) }

  /// The line that came since one was last expected.
  package var lastLine: [UInt8]? { state.withLock(\.lastLine) }

  /// Says that one line is due, and returns how many were discarded since the last.
  @discardableResult package func expectLine() -> Int {
    state.withLock { state in
      state.expectsLine = true
      state.lastLine = nil
      defer { (state.discardedLines, state.discardedBytes) = (0, 0) }
      return state.discardedLines
    }
  }

  /// Takes in output, and says whether more is wanted.
  package func receive(_ bytes: [UInt8]) -> Bool {
    update { state in
      guard state.failure == nil, !bytes.isEmpty else { return }
      guard state.expectsLine else { return unsolicited(bytes[...], &state) }
      var bytes = bytes
      if !state.discarding.isEmpty {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        discard(bytes[...(end ?? bytes.count - 1)], &state)
        guard let end, state.failure == nil else { return }
        bytes.removeFirst(end + 1)
      }
      let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
      state.partial += bytes[..<(end ?? bytes.endIndex)]
      guard state.partial.count <= limit else {
        state.failure = .tooLong(limit: limit)
        return
      }
      guard let end else { return }
      state.line = state.partial
      state.lastLine = state.line
      state.partial = []
      state.expectsLine = false
      let rest = bytes[(end + 1)...]
      if !rest.isEmpty { unsolicited(rest, &state) }
    }
    return failure == nil
  }

  /// Takes bytes that no request asked for.
  private func unsolicited(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
    if isReply == nil {
      state.failure = .unsolicited(Array(bytes.prefix(256)))
    } else {
      discard(bytes, &state)
    }
  }

  private func discard(_ bytes: ArraySlice<UInt8>, _ state: inout State) {
    state.discardedBytes += bytes.count
    guard state.discardedBytes <= limit else {
      state.failure = .unsolicited(Array(bytes.prefix(256)))
      return
    }
    for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      if part.offset > 0 {
        if isReply?(state.discarding) ?? false {
          state.failure = .unsolicited(Array(state.discarding.prefix(256)))
          return
        }
        state.discarding = []
      }
      // A line counts once, where it begins.
      let isLast = part.element.endIndex == bytes.endIndex
      if state.discarding.isEmpty, !(isLast && part.element.isEmpty) { state.discardedLines += 1 }
      state.discarding += part.element
    }
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

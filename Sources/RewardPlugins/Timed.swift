/// What some work gives that has only so long.
///
/// When the time is over, the work is cancelled and still asked for what it has: in a process that
/// has been busy, a reply that came in time is looked at no earlier than the clock.
package struct Timed<Value: Sendable>: Sendable {
  package var value: Value
  /// Whether the time was over before the work was.
  package var isLate: Bool

  package init(limit: Duration, _ work: @escaping @Sendable () async -> Value) async {
    await self.init(clock: { try await Task.sleep(for: limit) }, work: work)
  }

  /// - Parameter clock: Returns when the time is over, and throws when it is cancelled.
  package init(
    clock: @escaping @Sendable () async throws -> Void,
    work: @escaping @Sendable () async -> Value
  ) async {
    self = await withTaskGroup(of: Value?.self) { group in
      group.addTask { await work() }
      group.addTask {
        try? await clock()
        return nil
      }
      var isLate = false
      while true {
        switch await group.next() {
        case .some(.some(let value)):
          group.cancelAll()
          return Self(value: value, isLate: isLate)
        case .some(.none):
          // Cancelling the task ends the clock as well; it is not late then.
          isLate = !Task.isCancelled
          group.cancelAll()
        case .none: preconditionFailure("the work was waited for")
        }
      }
    }
  }

  private init(value: Value, isLate: Bool) {
    (self.value, self.isLate) = (value, isLate)
  }
}

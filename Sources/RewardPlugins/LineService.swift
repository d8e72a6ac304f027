internal import Subprocess

/// What goes on with a child while it lives: its output is taken in at all times, requests are
/// put to it one after the other, and in the end its whole group is killed.
struct LineService: Sendable {
  typealias Child = Execution<CustomWriteInput, SequenceOutput, SequenceOutput>

  private let child: Child
  private let limits: LineProcess.Limits
  private let inbox: LineInbox
  private let errorTail = ErrorTail()
  private let unread: UnreadOutput

  init(_ child: Child, _ limits: LineProcess.Limits) {
    (self.child, self.limits) = (child, limits)
    self.inbox = LineInbox(
      limit: limits.replyBytes,
      discardsUnless: limits.discardsBetweenRequests ? RewardMessage.isReply : nil)
    self.unread = UnreadOutput(of: child.processIdentifier.value)
  }

  /// Serves requests until there are no more or one fails; the child is dead when this returns.
  func serve(
    _ requests: AsyncStream<LineRequest>, onStart: @Sendable () -> Void
  ) async -> LineEnding {
    await withTaskGroup(of: Void.self) { readers in
      readers.addTask { await takeOutput() }
      readers.addTask { await takeErrors() }
      var ending = await serveInOrder(requests, onStart: onStart)
      await end(patiently: ending.cause.isPatient)
      // The child is dead, so both readers end now, even if another process still holds the pipes.
      await readers.waitForAll()
      ending.errorLine = errorTail.lastLine
      ending.errors = String(decoding: errorTail.contents.suffix(4 << 10), as: UTF8.self)
      return ending
    }
  }

  private func serveInOrder(
    _ requests: AsyncStream<LineRequest>, onStart: @Sendable () -> Void
  ) async -> LineEnding {
    onStart()
    for await request in requests {
      let outcome = request.line.isEmpty ? await silence() : await reply(to: request)
      switch outcome {
      case .success(let reply): request.continuation.resume(returning: .success(reply))
      case .failure(let cause):
        return LineEnding(
          cause: cause, request: request, line: cause.isDoubt ? nil : inbox.lastLine)
      }
    }
    return LineEnding(cause: .told)
  }

  /// Writes and reads at the same time, so that neither side waits on a pipe the other has filled.
  private func reply(
    to request: LineRequest
  ) async -> Result<LineProcess.Reply, LineEnding.Cause> {
    if limits.discardsBetweenRequests { await settle(for: Self.settlingTime) }
    if let failure = inbox.failure, failure != .ended { return .failure(.early(failure)) }
    let discarded = inbox.expectLine()
    let outcome = await Timed(limit: request.timeout) {
      let line = await answer(to: request.line)
      guard case .success = line else { return line }
      // A line that is followed by more output is not a reply: either could have been meant.
      await settle(for: Self.momentOfWriting)
      if let failure = inbox.failure, failure != .ended { return .failure(failure) }
      return line
    }
    return outcome.value.map { LineProcess.Reply(line: $0, discarded: discarded) }
      .mapError { outcome.isLate ? .deadline(request.timeout) : .inbox($0) }
  }

  private func answer(to line: [UInt8]) async -> Result<[UInt8], LineInbox.Failure> {
    async let isWritten = write(line)
    let answer = await inbox.line()
    // A reply does not count if the child has not read the whole request.
    if case .success = answer, await !isWritten { return .failure(.ended) }
    return answer
  }

  /// Whether nothing came since the last reply that would have failed it.
  private func silence() async -> Result<LineProcess.Reply, LineEnding.Cause> {
    await settle(for: Self.settlingTime)
    if let failure = inbox.failure, failure != .ended { return .failure(.early(failure)) }
    return .success(LineProcess.Reply(line: [], discarded: 0))
  }

  /// Waits until all that the child wrote by now is taken in, and a little for what it writes yet.
  ///
  /// On a busy machine nothing but the pipe knows how long the first takes.
  private func settle(for time: Duration) async {
    func isTakingIn() -> Bool { unread.count > 0 && inbox.failure == nil && !Task.isCancelled }
    repeat {
      while isTakingIn() { try? await Task.sleep(for: .milliseconds(1)) }
      try? await Task.sleep(for: time)
    } while isTakingIn()
  }

  private static let settlingTime = Duration.milliseconds(50)
  /// Between two lines that a program writes one right after the other.
  private static let momentOfWriting = Duration.milliseconds(1)

  /// Writes all of `line`, and says whether the child took it.
  private func write(_ line: [UInt8]) async -> Bool {
    do {
      return try await child.standardInputWriter.write(line) == line.count
    } catch {
      // The child closed its input, and so will not reply.
      inbox.end()
      return false
    }
  }

  private func takeOutput() async {
    do {
      for try await buffer in child.standardOutput {
        // A broken inbox takes nothing more: the child blocks, and the next request ends it.
        guard inbox.receive(buffer.array) else { return }
      }
    } catch {
      // A pipe that cannot be read has ended.
    }
    inbox.end()
  }

  private func takeErrors() async {
    do {
      for try await buffer in child.standardError { errorTail.append(buffer.array) }
    } catch {
      // The last words are lost; they are for messages only.
    }
  }

  /// Closes the child's input, waits if it may still end by itself, then SIGTERM, then SIGKILL.
  private func end(patiently: Bool) async {
    try? await child.standardInputWriter.finish()
    var steps = [
      TeardownStep.gracefulShutDown(
        toProcessGroup: true, allowedDurationToNextStep: limits.grace)
    ]
    if patiently {
      // SIGCONT does nothing to a child that runs; the step is there for its wait.
      steps.insert(
        .send(signal: .resume, toProcessGroup: true, allowedDurationToNextStep: limits.grace),
        at: 0)
    }
    await child.teardown(using: steps)
    // The child is dead but not yet reaped, so the number of its group is still its own.
    try? child.send(signal: .kill, toProcessGroup: true)
  }
}

extension SubprocessOutputSequence.Buffer {
  var array: [UInt8] {
    // SAFETY: the bytes are copied within the call.
    unsafe withUnsafeBytes { unsafe Array($0) }
  }
}

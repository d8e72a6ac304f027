internal import Glibc
internal import Subprocess
internal import Synchronization

/// A long-lived child process that answers one line with one line.
///
/// It runs in a process group of its own, which is killed as a whole: nothing that the child
/// started and left in its group outlives it. The closure given to `Subprocess.run` lives as long
/// as the child does, and requests come to it through a stream, so nothing of `Execution` leaves
/// it. A request that fails ends the child, and is answered once the child is dead and reaped.
final class LineProcess: Sendable {
  struct Limits: Sendable {
    var replyBytes = 8 << 20
    /// Whether output between requests is discarded; or else it ends the child.
    var discardsBetweenRequests = false
    /// That of ``PluginOptions``.
    var grace: Duration
  }

  /// A line that answers a request.
  struct Reply: Sendable {
    var line: [UInt8]
    /// Lines before the request that nobody asked for.
    var discarded: Int
  }

  /// Why a request has no reply, or the child did not start: one line.
  struct Failure: Error, Equatable, CustomStringConvertible {
    var description: String
    /// Whether the child was late or is gone, so that another one may do better.
    var isPassing: Bool
    /// Whether it came to light before anything was asked, and so says of the reply before that it
    /// may be none.
    var isDoubt: Bool
    /// What came in place of a reply and was not believed.
    var line: [UInt8]?

    init(
      _ description: String, isPassing: Bool = false, isDoubt: Bool = false, line: [UInt8]? = nil
    ) {
      (self.description, self.line) = (description, line)
      (self.isPassing, self.isDoubt) = (isPassing, isDoubt)
    }
  }

  private let requests: AsyncStream<LineRequest>.Continuation
  private let life: Task<Void, Never>

  /// Starts the child.
  init(_ configuration: Configuration, limits: Limits) async throws(Failure) {
    Self.prepareSignals()
    let (stream, requests) = AsyncStream<LineRequest>.makeStream()
    let (starts, start) = AsyncStream<Failure?>.makeStream()
    self.requests = requests
    self.life = Task {
      let failure = await Self.live(configuration, limits, stream) { start.yield(nil) }
      start.yield(failure)
      requests.finish()
      for await request in stream { request.continuation.resume(returning: .failure(failure)) }
    }
    for await failure in starts {
      if let failure { throw failure }
      return
    }
  }

  /// Dropping the last reference ends the child as ``stop()`` does, without waiting for it.
  deinit { requests.finish() }

  /// Sends a line, newline included, and waits for the line that answers it.
  ///
  /// After a failure the child is gone, with its whole group. Cancelling the task kills it too.
  func exchange(_ line: [UInt8], timeout: Duration) async throws(Failure) -> Reply {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let request = LineRequest(line: line, timeout: timeout, continuation: continuation)
        if case .terminated = requests.yield(request) {
          continuation.resume(returning: .failure(Failure("it has ended", isPassing: true)))
        }
      }
    } onCancel: {
      life.cancel()
    }
    return try result.get()
  }

  /// Looks whether anything came since the last reply.
  ///
  /// A child that has ended said nothing more.
  func requireSilence() async throws(Failure) {
    do throws(Failure) {
      _ = try await exchange([], timeout: .zero)
    } catch {
      guard error.isPassing else { throw error }
    }
  }

  /// Ends the child: closes its input, waits, SIGTERM, waits, SIGKILL, and reaps it.
  func stop() async {
    requests.finish()
    await life.value
  }

  /// Ends the child without waiting for it to end by itself: SIGTERM, waits, SIGKILL, reaps it.
  func kill() async {
    life.cancel()
    await life.value
  }

  /// Runs the child from its start to its end, and says why it ended.
  private static func live(
    _ configuration: Configuration, _ limits: Limits, _ requests: AsyncStream<LineRequest>,
    onStart: @escaping @Sendable () -> Void
  ) async -> Failure {
    // Kept apart from the result: a failure after the child's end must not fail a request.
    let ended = Mutex<LineEnding?>(nil)
    var failure: Failure
    do {
      let result = try await run(
        configuration, input: .inputWriter, output: .sequence, error: .sequence
      ) { execution in
        let ending = await LineService(execution, limits).serve(requests, onStart: onStart)
        ended.withLock { $0 = ending }
        return ending
      }
      let ending = result.closureResult
      failure = Failure(
        ending.description(status: result.terminationStatus), isPassing: ending.cause.isPassing,
        isDoubt: ending.cause.isDoubt, line: ending.line)
    } catch {
      failure = Failure((error as? SubprocessError)?.oneLine ?? String(describing: error))
    }
    let request = ended.withLock { $0?.request }
    request?.continuation.resume(returning: .failure(failure))
    return failure
  }

  /// Makes writing to a child that has died an error instead of the end of this process, and its
  /// end something that this process is told: a parent may have left it deaf to that.
  ///
  /// Leaves alone a process that has set its own handling of SIGPIPE.
  private static func prepareSignals() {
    if let handler = signal(SIGPIPE, SIG_IGN) { signal(SIGPIPE, handler) }
    if isIgnored(SIGCHLD) { signal(SIGCHLD, SIG_DFL) }
  }
}

/// A line on its way to the child; an empty one asks whether the child is silent.
struct LineRequest: Sendable {
  var line: [UInt8]
  var timeout: Duration
  var continuation: CheckedContinuation<Result<LineProcess.Reply, LineProcess.Failure>, Never>
}

extension SubprocessError {
  /// The operating system's words where there are any.
  var oneLine: String {
    underlyingError.map { String(describing: $0) } ?? description
  }
}

internal import Rewards
internal import Subprocess

/// One process of a plug-in, started when it is needed, and asked one request after the other.
actor PluginWorker {
  private let launch: PluginLaunch
  private let timeout: Duration
  private let startTimeout: Duration
  private let grace: Duration

  private var process: LineProcess?
  private var nextID = 1
  private var lastRequest: Task<Void, Never>?

  init(_ launch: PluginLaunch, timeout: Duration, startTimeout: Duration, grace: Duration) {
    self.launch = launch
    self.timeout = timeout
    self.startTimeout = startTimeout
    self.grace = grace
  }

  func start() async throws(LineProcess.Failure) {
    if process == nil { process = try await started() }
  }

  func stop() async {
    await process?.stop()
    process = nil
  }

  /// The scores of a request.
  ///
  /// Cancelling the task kills the process, and fails the scores.
  func score(_ request: RewardRequest) async -> RewardResponse {
    let previous = lastRequest
    let current = Task {
      await previous?.value
      return await self.exchange(request)
    }
    lastRequest = Task { _ = await current.value }
    return await withTaskCancellationHandler {
      await current.value
    } onCancel: {
      current.cancel()
    }
  }

  /// Puts the request to the process; when it dies over it, or is late, to another one once more.
  private func exchange(_ request: RewardRequest) async -> RewardResponse {
    var restarts = 0
    func counted(_ response: RewardResponse) -> RewardResponse {
      var response = response
      if restarts > 0 { response.counts.append(("restarts", restarts)) }
      return response
    }
    while true {
      do {
        return counted(try await attempt(request))
      } catch let error as RewardMessage.ReplyError {
        // The same words would come again; but what sends one wrong reply may send another.
        await process?.kill()
        process = nil
        return counted(request.failed("reply: \(error)"))
      } catch {
        process = nil
        let isPassing = (error as? LineProcess.Failure)?.isPassing ?? false
        guard isPassing, restarts == 0, !Task.isCancelled else {
          return counted(request.failed("\(error)"))
        }
        restarts += 1
      }
    }
  }

  private func attempt(_ request: RewardRequest) async throws -> RewardResponse {
    if process == nil { process = try await started() }
    guard let process else { preconditionFailure("a process was just started") }
    let id = nextID
    nextID += 1
    let line = try await process.exchange(
      RewardMessage.encode(request, id: id), timeout: timeout)
    return try RewardMessage.decode(line, id: id, completions: request.completions)
  }

  /// A process that has answered an empty batch.
  private func started() async throws(LineProcess.Failure) -> LineProcess {
    let process = try await LineProcess(
      try launch.configuration(), limits: LineProcess.Limits(grace: grace))
    let line = try await process.exchange(RewardMessage.handshake, timeout: startTimeout)
    do {
      try RewardMessage.checkHandshake(line)
    } catch {
      await process.kill()
      throw LineProcess.Failure("reply to the empty batch at its start: \(error)")
    }
    return process
  }
}

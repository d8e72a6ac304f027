internal import Rewards
internal import Subprocess

/// One process of a plug-in, started when it is needed, and asked one request after the other.
actor PluginWorker {
  private let launch: PluginLaunch
  private let options: PluginOptions

  private var process: LineProcess?
  /// No id is given twice, whichever worker asks: theirs are `options.workers` apart.
  private var nextID: Int
  private var lastRequest: Task<Void, Never>?

  /// - Parameter place: which of the plug-in's workers it is, from 0.
  init(_ launch: PluginLaunch, _ options: PluginOptions, place: Int) {
    (self.launch, self.options, nextID) = (launch, options, place + 1)
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
  ///
  /// - Throws: `RewardMessage.MissingID`.
  func score(_ request: RewardRequest) async throws -> RewardResponse {
    let previous = lastRequest
    let current = Task {
      await previous?.value
      return try await self.exchange(request)
    }
    lastRequest = Task { _ = await current.result }
    return try await withTaskCancellationHandler {
      try await current.value
    } onCancel: {
      current.cancel()
    }
  }

  /// Puts the request to the process; when it dies over it, or is late, to another one once more.
  private func exchange(_ request: RewardRequest) async throws -> RewardResponse {
    var restarts = 0
    func counted(_ response: RewardResponse) -> RewardResponse {
      var response = response
      if restarts > 0 { response.counts.append(("restarts", restarts)) }
      return response
    }
    while true {
      do {
        return counted(try await attempt(request))
      } catch let error as RewardMessage.MissingID {
        await process?.kill()
        process = nil
        throw error
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
    nextID += options.workers
    let reply = try await process.exchange(
      RewardMessage.encode(request, id: id), timeout: .seconds(options.timeout))
    var response = try RewardMessage.decode(
      reply.line, id: id, options.ids, completions: request.completions)
    if reply.discarded > 0 {
      response.counts.append(("discarded", reply.discarded))
      response.notes.append("\(reply.discarded) lines came that no request had asked for")
    }
    return response
  }

  /// A process that has answered an empty batch.
  private func started() async throws(LineProcess.Failure) -> LineProcess {
    var limits = LineProcess.Limits(grace: options.grace)
    limits.discardsBetweenRequests = options.ids == .off
    let process = try await LineProcess(try launch.configuration(), limits: limits)
    let reply = try await process.exchange(
      RewardMessage.handshake, timeout: .seconds(options.startTimeout))
    do {
      try RewardMessage.checkHandshake(reply.line)
    } catch {
      await process.kill()
      throw LineProcess.Failure("reply to the empty batch at its start: \(error)")
    }
    return process
  }
}

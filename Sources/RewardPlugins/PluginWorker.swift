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
  /// Whether scores were given that ``confirm()`` has not been asked about.
  private var hasScored = false
  /// Why they may be those of other completions.
  private var doubt: String?

  /// - Parameter index: which of the plug-in's workers it is, from 0.
  init(_ launch: PluginLaunch, _ options: PluginOptions, index: Int) {
    (self.launch, self.options, nextID) = (launch, options, index + 1)
  }

  func start() async throws(LineProcess.Failure) {
    if process == nil { process = try await started() }
  }

  func stop() async {
    await process?.stop()
    process = nil
  }

  /// Throws where a line came behind a reply whose scores were given out since the last call.
  func confirm() async throws(LineProcess.Failure) {
    await lastRequest?.value
    if let process, doubt == nil {
      do throws(LineProcess.Failure) {
        try await process.requireSilence()
      } catch {
        self.process = nil
        note(error)
      }
    }
    hasScored = false
    if let doubt { throw LineProcess.Failure(doubt) }
  }

  private func note(_ failure: LineProcess.Failure) {
    // Without ids, a line that another one follows cannot be matched to a request.
    let isLate = failure.line.map { options.ids == .off || isToAnEarlierRequest($0) } ?? false
    if failure.isDoubt || isLate { note(failure.description) }
  }

  private func note(_ problem: String) {
    if hasScored { doubt = doubt ?? problem }
  }

  /// Whether a line says which request it answers, and that is not the last.
  ///
  /// What came for that one then was something else.
  private func isToAnEarlierRequest(_ line: [UInt8]) -> Bool {
    RewardMessage.id(of: line).map { $0 < nextID - options.workers } ?? false
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
      if restarts > 0 { response.counts.append((.restarts, restarts)) }
      response.scores = response.scores.map { score in
        score.failureReason.flatMap { reason in
          LimitHint.told(in: reason).map { .failed($0.adding(to: reason)) }
        } ?? score
      }
      return response
    }
    while true {
      do {
        let response = try await attempt(request)
        hasScored = true
        return counted(response)
      } catch let error as RewardMessage.MissingID {
        await process?.kill()
        process = nil
        throw error
      } catch let error as RewardMessage.ReplyError {
        // A second try would get the same reply; and a process that sent one wrong reply may send more.
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
    try await start()
    guard let process else { preconditionFailure("a process was just started") }
    let id = nextID
    nextID += options.workers
    func decoded(_ line: [UInt8]) throws -> RewardResponse {
      do {
        return try RewardMessage.decode(
          line, id: id, options.ids, completions: request.completions)
      } catch {
        if isToAnEarlierRequest(line) { note("\(error)") }
        throw error
      }
    }
    let reply: LineProcess.Reply
    do {
      reply = try await process.exchange(
        RewardMessage.encode(request, id: id), timeout: .seconds(options.timeout))
    } catch {
      note(error)
      // A fault in the line itself explains more than that something followed it.
      if let line = error.line { _ = try decoded(line) }
      throw error
    }
    var response = try decoded(reply.line)
    if reply.discarded > 0 {
      response.counts.append((.discardedReplies, reply.discarded))
      response.notes.append("\(reply.discarded) lines answered no request and were discarded")
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

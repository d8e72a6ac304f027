internal import Formats

/// Several reward functions with weights: runs them, checks what they return, and combines it.
///
///     reward = Σ_k w_k · r_k    over the functions k that apply to the completion
///
/// As in TRL, a function that does not apply leaves the weights of the others as they are, and a
/// completion to which none applies is unscored. A completion for which any function failed, one
/// of weight 0 included, is masked: what a failed score would have been is unknown, and zero would
/// be a lie. ``Entry/onError`` chooses otherwise.
public struct RewardSet: Sendable {
  /// A reward function and its part in the sum.
  public struct Entry: Sendable {
    /// The function.
    public var function: any RewardFunction
    /// w, what its rewards are multiplied by; must be finite.
    public var weight: Double
    /// What happens to a completion whose score failed.
    public var onError: OnError
    /// The range that a reward must lie in, before the weight; one outside has failed; nil for any.
    public var range: ClosedRange<Double>?

    /// Creates an entry; by default of weight 1, without a range, and masking failed completions.
    public init(
      _ function: any RewardFunction, weight: Double = 1, onError: OnError = .mask,
      range: ClosedRange<Double>? = nil
    ) {
      (self.function, self.weight) = (function, weight)
      (self.onError, self.range) = (onError, range)
    }
  }

  /// What happens to a completion whose score failed.
  public enum OnError: String, Sendable, CaseIterable {
    /// The completion is no part of the update, and is counted.
    case mask
    /// The run ends.
    case fail
    /// The score is 0, and is counted: a wrong label, taken knowingly.
    case zero
  }

  /// The functions with their weights, at least one, in the order given.
  public let entries: [Entry]

  /// Creates a set of at least one function, each with a name of its own.
  ///
  /// - Throws: `RewardError.noReward`, `.duplicateName` or `.badWeight`.
  public init(_ entries: [Entry]) throws(RewardError) {
    guard !entries.isEmpty else { throw .noReward }
    var names: Set<ByteKey> = []
    for entry in entries {
      let name = entry.function.name
      guard names.insert(ByteKey(name)).inserted else { throw .duplicateName(name) }
      guard entry.weight.isFinite else { throw .badWeight(reward: name, weight: entry.weight) }
    }
    self.entries = entries
  }

  /// Starts every function, does what is to be done with them, and stops them however that ends.
  ///
  /// They start in order; where one fails, those before it are stopped, and `body` is not run. They
  /// stop in a task of its own, which nobody cancels: a cancelled run leaves no program behind.
  public func whileStarted<Value>(_ body: () async throws -> Value) async throws -> Value {
    try await start()
    do {
      let value = try await body()
      await stop(entries[...])
      return value
    } catch {
      await stop(entries[...])
      throw error
    }
  }

  private func start() async throws {
    for (position, entry) in entries.enumerated() {
      do {
        try await entry.function.start()
      } catch {
        await stop(entries[..<position])
        throw error
      }
    }
  }

  private func stop(_ started: ArraySlice<Entry>) async {
    await Task { for entry in started { await entry.function.stop() } }.value
  }

  /// Throws where scores that were given since the last call turned out to be doubtful.
  public func confirm() async throws {
    for entry in entries { try await entry.function.confirm() }
  }

  /// Runs all functions, at the same time, on the same request.
  ///
  /// The result does not depend on which of them ends first.
  ///
  /// What a function says beside its scores is left out where it cannot be logged, and counted.
  ///
  /// - Throws: a `RewardError` that names the function which threw, returned scores of another
  ///   number than there are completions, a score that is not finite, or a reward for a token the
  ///   completion has not got; `.scoreFailed` where a failed score ends the run;
  ///   `.sumNotFinite` when the weighted sum overflows; `CancellationError` as it is.
  public func score(_ request: RewardRequest) async throws -> RewardReport {
    let functions = try await withThrowingTaskGroup(of: (Int, FunctionReport).self) { group in
      for (position, entry) in entries.enumerated() {
        group.addTask { (position, try await report(of: entry, on: request)) }
      }
      var reports = [FunctionReport?](repeating: nil, count: entries.count)
      for try await (position, report) in group { reports[position] = report }
      return reports.compactMap(\.self)
    }
    let outcomes = try request.completions.indices.map {
      try outcome(of: $0, tokenCount: request.completions[$0].tokenIDs.count, functions)
    }
    return RewardReport(outcomes: outcomes, functions: functions).withKeysOfItsOwn()
  }

  private func report(of entry: Entry, on request: RewardRequest) async throws -> FunctionReport {
    let name = entry.function.name
    var response: RewardResponse
    let start = ContinuousClock.now
    do {
      response = try await entry.function.score(request)
    } catch let error as CancellationError {
      throw error
    } catch let error as RewardError {
      throw error
    } catch {
      throw RewardError.failed(reward: name, problem: String(describing: error))
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    try check(response, of: name, on: request.completions)
    response.keepWhatCanBeLogged()
    if let range = entry.range { refuse(&response.scores, outside: range) }
    let report = FunctionReport(
      name: name, weight: entry.weight, failuresAreZero: entry.onError == .zero,
      response: response, seconds: seconds, slowestSeconds: response.seconds?.max())
    if entry.onError == .fail, let reason = report.firstFailure {
      throw RewardError.scoreFailed(reward: name, reason: reason)
    }
    return report
  }

  private func refuse(_ scores: inout [Score], outside range: ClosedRange<Double>) {
    for (position, score) in scores.enumerated() {
      guard let total = score.total, !range.contains(total) else { continue }
      scores[position] = .failed(
        "got \(total); need \(range.lowerBound) to \(range.upperBound)")
    }
  }

  /// The one place where scores are checked.
  private func check(
    _ response: RewardResponse, of name: String, on completions: [Completion]
  ) throws(RewardError) {
    func failed(_ problem: String) -> RewardError { .failed(reward: name, problem: problem) }
    let count = response.scores.count
    guard count == completions.count else {
      throw failed("returned \(count) scores for \(completions.count) completions")
    }
    for (position, score) in response.scores.enumerated() {
      let entries = if case .stream(let entries) = score { entries } else { [TokenReward]() }
      let tokens = completions[position].tokenIDs.count
      for entry in entries where !(0..<tokens).contains(entry.index) {
        throw failed(
          "completion \(position): reward for token \(entry.index) of a completion of \(tokens) tokens"
        )
      }
      for value in entries.map(\.reward) + [score.total ?? 0] where !value.isFinite {
        throw failed("completion \(position): reward is not finite (got \(value))")
      }
    }
  }

  private func outcome(
    of completion: Int, tokenCount: Int, _ functions: [FunctionReport]
  ) throws(RewardError) -> RewardReport.Outcome {
    var (reward, isScored) = (CompletionReward(), false)
    for function in functions {
      switch function.response.scores[completion] {
      case .value(let value): reward.add(value, atEndOf: tokenCount, weight: function.weight)
      case .stream(let entries): reward.add(entries, weight: function.weight)
      case .notApplicable: continue
      case .failed: guard function.failuresAreZero else { return .masked }
      }
      isScored = true
    }
    guard isScored else { return .unscored }
    guard reward.total.isFinite, reward.entries.allSatisfy(\.reward.isFinite) else {
      throw .sumNotFinite(completion: completion)
    }
    return .scored(reward)
  }
}

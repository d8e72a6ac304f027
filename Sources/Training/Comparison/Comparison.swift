internal import Evaluation
internal import Formats
internal import Runs
internal import Sampling
internal import Synchronization

/// Runs a study: first the warm starts, then every variant from them.
///
/// Each run has one thread and a directory of its own, so results depend neither on how many go on
/// at a time nor on which was first. A run that has ended is read, not made again.
public struct Comparison: Sendable {
  private let plan: StudyPlan
  private let study: Study
  private let jobs: Int
  private let report: @Sendable (ComparisonEvent) -> Void
  private let isCancelled: @Sendable () -> Bool

  /// Reads the recipes of all runs, before anything is written.
  ///
  /// - Parameters:
  ///   - output: The directory of all runs.
  ///   - jobs: Runs that go on at a time, 1 or more.
  ///   - isCancelled: Asked between steps; true saves and ends the runs under way.
  /// - Throws: a `RecipeError` for what is wrong with the study or with any of its runs.
  public init(
    _ study: Study, output: String, jobs: Int,
    report: @escaping @Sendable (ComparisonEvent) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(RecipeError) {
    precondition(jobs >= 1)
    plan = try StudyPlan(study, output: output)
    (self.study, self.jobs) = (study, jobs)
    (self.report, self.isCancelled) = (report, isCancelled)
  }

  /// Makes every run that is missing.
  ///
  /// - Throws: a `ComparisonError`. A run whose numbers are not finite is a result, not an error.
  public func run() async throws -> ComparisonResult {
    for warning in plan.warnings { report(.warning(warning)) }
    let starts = plan.starts
    _ = try await each(starts, "warm starts", name: \.name) { start, isCancelled in
      try await TrainingRun(start.recipe, threads: 1, isCancelled: isCancelled).runWarmStart()
    } onEnd: { start, _, done in
      report(.warmStarted(start.name, done: done, of: starts.count))
    }
    let runs = plan.runs
    let ended = try await each(runs, "runs", name: \.name) { run, isCancelled in
      if let found = try ComparedRun.ended(run, metrics: study.metrics) { return (found, true) }
      return (try await train(run, isCancelled), false)
    } onEnd: { _, result, done in
      report(.ended(result.0, done: done, of: runs.count, wasThere: result.1))
    }
    let result = ComparisonResult(
      recipes: plan.recipeNames, variants: plan.variantNames, metrics: study.metrics,
      runs: ended.map(\.0))
    for metric in result.unknownMetrics { report(.warning("no run has the metric \(metric)")) }
    return result
  }

  private func train(
    _ run: StudyPlan.Run, _ isCancelled: @escaping () -> Bool
  ) async throws -> ComparedRun {
    let directory = RunDirectory(run.recipe.output)
    let before = Mutex<Double?>(nil)
    let training = try TrainingRun(
      run.recipe, threads: 1,
      report: { event in
        switch event {
        case .step(let step, let count, _): report(.stepped(run.name, step: step, of: count))
        case .evaluated(step: 0, let found): before.withLock { $0 = found.greedy?.mean }
        case .warning(let text) where !run.recipe.warnings.contains(text):
          report(.warning("\(run.name): \(text)"))
        case .finding(let finding):
          report(.warning("\(run.name): \(finding.evidence): \(finding.advice)"))
        case .began, .found, .warmStartStep, .referenceReset, .rewardModelLearned, .completions,
          .evaluated, .saved, .removed,
          .warning:
          break
        }
      }, isCancelled: isCancelled)
    let outcome: ComparedRun.Outcome
    do {
      let summary = try await training.runAll()
      outcome = .init(
        .finished, before: summary.before?.greedy?.mean, after: summary.after?.greedy?.mean)
    } catch  where Self.isNumeric(error) {
      let evaluations = ComparedRun.steps(directory, []).compactMap(\.accuracy)
      outcome = .init(.failed, before: before.withLock { $0 }, after: evaluations.last ?? 0)
    }
    try Files.writeAtomically(
      outcome.encoded.encodedBytes(), to: directory.outcome)
    // Nothing goes on from the checkpoints of a finished run; the model stays.
    if outcome.status == .finished, Files.exists(directory.checkpoints.directory) {
      try Files.remove(directory.checkpoints.directory)
    }
    guard let ended = try ComparedRun.ended(run, metrics: study.metrics) else {
      preconditionFailure("the outcome has just been written")
    }
    return ended
  }

  private static func isNumeric(_ error: any Error) -> Bool {
    if case TrainingError.notFinite = error { return true }
    if case SamplingError.notFinite = error { return true }
    return false
  }

  /// Does `body` for every item, `jobs` at a time, and gives the results in the items' order.
  ///
  /// After an error no item is begun and those after the failed one are asked to stop. Those before
  /// it go on, so that it is always the first item to fail whose error is thrown.
  private func each<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ what: String, name: (Item) -> String,
    _ body: @escaping @Sendable (Item, @escaping @Sendable () -> Bool) async throws -> Result,
    onEnd: (Item, Result, Int) -> Void
  ) async throws -> [Result] {
    let failed = FirstFailure()
    let isCancelled = isCancelled
    var results: [Result?] = Array(repeating: nil, count: items.count)
    var failure: (index: Int, error: any Error)?
    var (next, done) = (0, 0)
    await withTaskGroup(of: (Int, Swift.Result<Result, any Error>).self) { group in
      func begin(_ group: inout TaskGroup<(Int, Swift.Result<Result, any Error>)>) {
        guard next < items.count, !isCancelled(), !failed.isBefore(next) else { return }
        let (index, item) = (next, items[next])
        next += 1
        group.addTask {
          do {
            let result = try await body(item) { isCancelled() || failed.isBefore(index) }
            return (index, .success(result))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      for _ in 0..<jobs { begin(&group) }
      while let (index, result) = await group.next() {
        switch result {
        case .success(let value):
          results[index] = value
          done += 1
          onEnd(items[index], value, done)
        case .failure(let error):
          guard !Self.isStop(error) else { break }
          failed.record(index)
          if failure.map({ index < $0.index }) ?? true { failure = (index, error) }
        }
        begin(&group)
      }
    }
    if let failure { throw ComparisonError.run(name(items[failure.index]), failure.error) }
    let complete = results.compactMap { $0 }
    if complete.count < items.count {
      throw ComparisonError.stopped(done: done, of: items.count, what: what)
    }
    return complete
  }

  private static func isStop(_ error: any Error) -> Bool {
    switch error {
    case TrainingError.stopped, TrainingError.stoppedEarly: true
    case is CancellationError: true
    default: false
    }
  }
}

/// The first item that failed.
private final class FirstFailure: Sendable {
  private let index = Atomic<Int>(.max)

  func record(_ failed: Int) { index.min(failed, ordering: .relaxed) }

  func isBefore(_ other: Int) -> Bool { index.load(ordering: .relaxed) < other }
}

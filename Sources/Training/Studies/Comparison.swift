internal import Evaluation
internal import Formats
public import Recipes

/// Runs a study: first the warm starts, then every variant from them.
///
/// Each run has one thread and a directory of its own, so results depend neither on how many run at
/// a time nor on their order. A run that has ended is read, not made again.
public struct Comparison: Sendable {
  private let plan: StudyPlan
  private let study: Study
  private let output: String
  private let jobs: Int
  private let perform: Performer
  private let report: @Sendable (ComparisonEvent) -> Void
  private let isCancelled: @Sendable () -> Bool

  /// Runs one stage, in this process or in one of its own.
  ///
  /// It throws a `ComparedRun.Problem`, or any other error, for a stage that cannot run, and
  /// `CancellationError` for one that was stopped.
  public typealias Performer =
    @Sendable (
      ComparisonTask, _ report: @escaping @Sendable (ComparisonTask.Event) -> Void,
      _ isCancelled: @escaping @Sendable () -> Bool
    ) async throws -> Void

  /// Reads the recipes of all runs, before anything is written.
  ///
  /// - Parameters:
  ///   - output: The directory of all runs.
  ///   - jobs: How many runs go on at a time, 1 or more.
  ///   - perform: What runs a stage; default: this process, which a crash of one run ends.
  ///   - isCancelled: Asked between steps; true saves and ends the runs in progress.
  /// - Throws: a `RecipeError` for what is wrong with the study or with any of its runs.
  public init(
    _ study: Study, output: String, jobs: Int,
    perform: @escaping Performer = { try await $0.perform(report: $1, isCancelled: $2) },
    report: @escaping @Sendable (ComparisonEvent) -> Void = { _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(RecipeError) {
    precondition(jobs >= 1)
    plan = try StudyPlan(study, output: output)
    (self.study, self.output) = (study, output)
    (self.jobs, self.perform) = (jobs, perform)
    (self.report, self.isCancelled) = (report, isCancelled)
  }

  /// Makes every run that is missing; the result says why a run could not be made.
  ///
  /// - Throws: a `ComparisonError`, or a `FormatError` where results cannot be written. A run whose
  ///   numbers are not finite is a result, not an error.
  public func run() async throws -> ComparisonResult {
    for warning in plan.warnings { report(.warning(warning)) }
    // A directory of another study is refused before anything is written.
    var found: [ComparedRun?] = []
    for run in plan.runs {
      do {
        found.append(try ComparedRun.ended(run, metrics: study.metrics))
      } catch {
        throw ComparisonError.run(run.name, error)
      }
    }
    try ComparisonResult.makePlace(in: output)
    let started = try await makeWarmStarts()
    let runs = plan.runs
    let known = found
    let ended = try await each(Array(runs.indices), "runs") { index in
      if let run = known[index] { return (run, true) }
      let run = runs[index]
      do {
        if let start = plan.starts.firstIndex(where: {
          $0.recipeName == run.recipeName && $0.seed == run.seed
        }), let problem = started[start] {
          throw ComparedRun.Problem(
            problem.status, "warm start: \(problem.reason)", exitCode: problem.exitCode)
        }
        return (try await train(run), false)
      } catch {
        let outcome = ComparedRun.Outcome(try Self.problem(error))
        return (ComparedRun(run, metrics: study.metrics, outcome), false)
      }
    } onEnd: { (_, result: (ComparedRun, Bool), done) in
      report(.ended(result.0, done: done, of: runs.count, wasThere: result.1))
    }
    let result = ComparisonResult(
      recipes: plan.recipeNames, variants: plan.variantNames, metrics: study.metrics,
      runs: ended.map(\.0))
    for metric in result.unknownMetrics { report(.warning("no run has the metric \(metric)")) }
    return result
  }

  /// Why a warm start is not there; nil for each that is.
  private func makeWarmStarts() async throws -> [ComparedRun.Problem?] {
    let starts = plan.starts
    return try await each(starts, "warm starts") { start in
      do {
        try await perform(
          start.task,
          { event in
            if case .warning(let text) = event { report(.warning("\(start.name): \(text)")) }
          }, isCancelled)
        return nil
      } catch {
        return try Self.problem(error)
      }
    } onEnd: { (start, problem: ComparedRun.Problem?, done) in
      report(.warmStarted(start.name, problem: problem, done: done, of: starts.count))
    }
  }

  private func train(_ run: StudyPlan.Run) async throws -> ComparedRun {
    try await perform(
      run.task,
      { event in
        switch event {
        case .stepped(let step, let count): report(.stepped(run.name, step: step, of: count))
        case .warning(let text): report(.warning("\(run.name): \(text)"))
        }
      }, isCancelled)
    guard let ended = try ComparedRun.ended(run, metrics: study.metrics) else {
      throw ComparedRun.Problem(.error, "ended without an outcome")
    }
    return ended
  }

  /// Does `body` for every item, `jobs` at a time, and gives the results in the items' order.
  ///
  /// What `body` throws is that it was stopped.
  private func each<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ what: String, _ body: @escaping @Sendable (Item) async throws -> Result,
    onEnd: (Item, Result, Int) -> Void
  ) async throws -> [Result] {
    var results: [Result?] = Array(repeating: nil, count: items.count)
    var (next, done) = (0, 0)
    await withTaskGroup(of: (Int, Result?).self) { group in
      func begin(_ group: inout TaskGroup<(Int, Result?)>) {
        guard next < items.count, !isCancelled() else { return }
        let (index, item) = (next, items[next])
        next += 1
        group.addTask { (index, try? await body(item)) }
      }
      for _ in 0..<jobs { begin(&group) }
      while let (index, result) = await group.next() {
        if let result {
          results[index] = .some(result)
          done += 1
          onEnd(items[index], result, done)
        }
        begin(&group)
      }
    }
    let complete = results.compactMap { $0 }
    if complete.count < items.count {
      throw ComparisonError.stopped(done: done, of: items.count, what: what)
    }
    return complete
  }

  /// Why a stage could not be made; throws what says that it was stopped.
  private static func problem(_ error: any Error) throws -> ComparedRun.Problem {
    if isStop(error) { throw error }
    return ComparedRun.Problem(error)
  }

  private static func isStop(_ error: any Error) -> Bool {
    switch error {
    case TrainingError.stopped, TrainingError.stoppedEarly: true
    case is CancellationError: true
    default: false
    }
  }
}

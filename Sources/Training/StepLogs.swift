internal import Formats
internal import Runs

/// The logs that every step adds to, cut back to the steps that are done; new ones where training
/// begins.
struct StepLogs {
  let metrics: JSONLinesLog
  let completions: JSONLinesLog

  /// Both are looked at before either is cut.
  ///
  /// What is wrong with them is reported and keeps nobody from going on.
  ///
  /// - Parameter state: That of the checkpoint that training goes on from.
  init(
    of run: RunDirectory, goingOnAfter state: TrainingState?, warn: (String) -> Void
  ) throws {
    if state == nil, let aside = try run.setLogsAside() {
      warn(
        "\(run.path): no checkpoint to resume from; training starts over, and the earlier logs are "
          + "now " + aside.joined(separator: ", "))
    }
    metrics = try run.log(run.metrics)
    completions = try run.log(run.completions)
    guard let state else { return }
    let ends = [
      (metrics, try metrics.end(ofStep: state.step, recordedAt: state.metricsOffset)),
      (completions, try completions.end(ofStep: state.step, recordedAt: state.completionsOffset)),
    ]
    for (log, end) in ends {
      if let problem = end.problem { warn("\(problem); the run continues") }
      try log.truncate(toOffset: end.offset)
    }
    // The summary reads the metrics, and reports their damaged lines.
    if let problem = LogReading.problem(at: run.completions) {
      warn("\(problem); the run continues")
    }
  }

  /// Writes down how far they go, when all of it is on the disk.
  func record(in state: inout TrainingState) throws {
    try metrics.synchronize()
    try completions.synchronize()
    state.metricsOffset = metrics.offset
    state.completionsOffset = completions.offset
  }
}

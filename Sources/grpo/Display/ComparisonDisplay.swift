import Formats
import Synchronization
import Training

/// How a comparison is shown while it goes on: a line on standard error for each run that has
/// ended, and one every half minute in between.
final class ComparisonDisplay: Sendable {
  private let terminal: Terminal
  private let isQuiet: Bool
  private let state = Mutex(State())

  private static let longestSilence = 30.0

  private struct State {
    /// Where one of the runs under way is.
    var latest: String?
    var lastLine = ContinuousClock.now
    var hasEnded = false
  }

  init(terminal: Terminal, isQuiet: Bool) {
    (self.terminal, self.isQuiet) = (terminal, isQuiet)
    if !isQuiet { Ticker.start { [weak self] in self?.tick(stops: $0) ?? false } }
  }

  /// Nothing is shown afterwards.
  func end() { state.withLock { $0.hasEnded = true } }

  func show(_ event: ComparisonEvent) { state.withLock { show(event, &$0) } }

  private func show(_ event: ComparisonEvent, _ state: inout State) {
    switch event {
    case .warmStarted(let name, let problem, let done, let count):
      print(
        "warm start",
        "\(done) of \(count): \(name.visible())"
          + (problem.map { ": \($0.status.rawValue): \($0.reason.visible())" } ?? ""), &state)
    case .stepped(let name, let step, let count):
      state.latest = "\(name.visible()): step \(step) of \(count)"
    case .ended(let run, let done, let count, let wasThere):
      let name = run.name.visible()
      if run.status.isMissing {
        let reason = (run.reason ?? "").visible()
        return print(
          "run", "\(done) of \(count): \(name): \(run.status.rawValue): \(reason)", &state)
      }
      let accuracies = [run.before, run.after].map { $0.map(NumberFormat.percent) ?? "unknown" }
      let ending =
        switch run.status {
        case .finished, .error, .crashed: ""
        case .failed: ", failed after step \(run.steps.last?.step ?? 0)"
        }
      print(
        wasThere ? "found" : "run",
        "\(done) of \(count): \(name): greedy accuracy "
          + "\(accuracies.joined(separator: " → ")) %".heldTogether + ending, &state)
    case .warning(let text):
      StandardError.warn(text)
    }
  }

  /// Shows that time goes by; false when there is nothing to show any more.
  private func tick(stops: Bool) -> Bool {
    state.withLock { state in
      guard !state.hasEnded else { return false }
      if stops { print("stopping", "after these steps; Ctrl-C once more ends at once", &state) }
      if let latest = state.latest,
        ContinuousClock.now - state.lastLine >= .seconds(Self.longestSilence)
      {
        print("running", latest, &state)
      }
      return true
    }
  }

  private func print(_ label: String, _ text: String, _ state: inout State) {
    if isQuiet || state.hasEnded { return }
    state.lastLine = .now
    StandardError.write(terminal.labelled(label, text))
  }
}

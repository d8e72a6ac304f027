import Evaluation
import Formats
import Synchronization
import Training

/// How a run is shown while it goes on, all of it on standard error.
///
/// On a terminal a bar that is drawn over, with lasting lines above it; elsewhere some twenty
/// lines for each stage, and one a minute at least.
final class TrainingDisplay: Sendable {
  private let terminal: Terminal
  private let isQuiet: Bool
  private let warmStartMayEndEarly: Bool
  private let state = Mutex(State())

  /// Completions are shown about so often in a run.
  private static let showings = 12
  private static let plainLines = 20
  private static let shortestRedraw = 0.1
  private static let longestStandstill = 0.5
  private static let longestSilence = 60.0

  private struct State {
    var progress: StageProgress?
    /// Completions of the step whose metrics come next.
    var pending: [SampleShown] = []
    var barIsDrawn = false
    var lastDrawn: ContinuousClock.Instant?
    var lastPlainLine = ContinuousClock.now
    var hasEnded = false
  }

  /// - Parameter warmStartMayEndEarly: Whether the warm start's steps are the most that it makes.
  init(terminal: Terminal, isQuiet: Bool, warmStartMayEndEarly: Bool) {
    (self.terminal, self.isQuiet) = (terminal, isQuiet)
    self.warmStartMayEndEarly = warmStartMayEndEarly
    if !isQuiet { Ticker.start { [weak self] in self?.tick(stops: $0) ?? false } }
  }

  /// Takes the bar away; nothing is shown afterwards.
  func end() {
    state.withLock { state in
      clear(&state)
      state.hasEnded = true
    }
  }

  func show(_ event: TrainingEvent) {
    state.withLock { state in
      if !state.hasEnded { show(event, &state) }
    }
  }

  private func show(_ event: TrainingEvent, _ state: inout State) {
    switch event {
    case .began(let stage, let detail):
      announce(stage, shownPaths(in: detail).visible(), &state)
    case .found(let stage, let detail):
      announce(stage, "done before: \(shownPath(detail).visible())", &state)
    case .warmStartStep(let step, let total, let metrics):
      advance(to: step, of: total, metrics, .warmStart, &state)
    case .warmStarted(let result):
      print("warm start", "ended after \(result.text)", &state)
    case .step(let step, let total, let metrics):
      let isFirst = state.progress?.isFresh ?? true
      advance(to: step, of: total, metrics, .train, &state)
      showPending(step: step, of: total, isFirst: isFirst, &state)
    case .referenceReset(let step):
      print("reference", "set to the policy before step \(step)", &state)
    case .completions(_, let completions):
      state.pending = completions
    case .evaluated(let step, let report):
      let accuracy = report.greedy.map {
        NumberFormat.estimate($0, NumberFormat.percent, error: NumberFormat.percent) + " %"
      }
      print(
        "evaluated",
        "\(step == 0 ? "before training" : "after step \(step)"): greedy accuracy "
          + "\(accuracy ?? "unknown") of \(report.count) questions", &state)
    case .rewardModelLearned(let step, let metrics):
      let figures = metrics.map { metric in
        let name = metric.name.text.split(separator: "/").last.map(String.init) ?? ""
        return "\(name.replacing("_", with: " ")) \(NumberFormat.short(metric.value))"
      }
      print(
        "learning", "reward model before step \(step): \(figures.joined(separator: "  "))", &state)
    case .saved(let step, let path):
      print("saved", "step \(step) in \(shownPath(path).visible())", &state)
    case .removed(let paths):
      let more = paths.count > 3 ? " and \(paths.count - 3) more" : ""
      let names = paths.prefix(3).map { $0.visible() }.joined(separator: ", ")
      print("removed", "what an interrupted write had left: \(names)\(more)", &state)
    case .finding(let finding): warn("\(finding.evidence): \(finding.advice)", &state)
    case .warning(let text): warn(text, &state)
    }
  }

  private func warn(_ text: String, _ state: inout State) {
    clear(&state)
    StandardError.warn(text)
  }

  // MARK: Lines that stay

  private func announce(
    _ stage: TrainingEvent.Stage, _ detail: String, _ state: inout State
  ) {
    clear(&state)
    state.progress = nil
    print(stage.rawValue, detail, &state)
  }

  private func print(_ label: String, _ text: String, _ state: inout State) {
    if isQuiet { return }
    clear(&state)
    StandardError.write(terminal.labelled(label, text))
  }

  private func showPending(step: Int, of total: Int, isFirst: Bool, _ state: inout State) {
    let shown = state.pending
    state.pending = []
    guard isFirst || step % max(1, total / Self.showings) == 0 else { return }
    for sample in shown {
      // The numbers come last and are kept whole; of the text, what fits.
      let reward = sample.reward.map { NumberFormat.fixed($0, digits: 2) } ?? "none"
      let numbers = "reward \(reward)  advantage \(NumberFormat.fixed(sample.advantage, digits: 2))"
      let room = max(24, min(terminal.isLive ? terminal.width : 100, 120) - 18 - numbers.count)
      let completion = "\"\(sample.completion.visible())\"".shortened(to: room / 2)
      let prompt = "\"\(sample.prompt.visible())\"".shortened(
        to: max(room / 2, room - completion.count), keepingEnd: true)
      print(
        "step \(step)",
        "\(prompt) → \(completion)  " + terminal.styled(numbers.heldTogether, .number), &state)
    }
  }

  // MARK: The line that moves

  private func advance(
    to step: Int, of total: Int, _ metrics: JSONObject, _ stage: TrainingEvent.Stage,
    _ state: inout State
  ) {
    if isQuiet { return }
    var progress =
      state.progress
      ?? StageProgress(
        stage: stage, total: total, mayEndEarly: stage == .warmStart && warmStartMayEndEarly)
    let isFirst = progress.isFresh
    progress.advance(to: step, metrics)
    state.progress = progress
    if terminal.isLive {
      let now = ContinuousClock.now
      if let last = state.lastDrawn, now - last < .seconds(Self.shortestRedraw), step < total {
        return
      }
      return draw(&state)
    }
    let lines = Self.plainLines
    if isFirst || step == total || step * lines / total != (step - 1) * lines / total {
      writePlainLine(&state)
    }
  }

  /// Shows that time goes by; false when there is nothing to show any more.
  private func tick(stops: Bool) -> Bool {
    state.withLock { state in
      guard !state.hasEnded else { return false }
      if stops { print("stopping", "after this step; Ctrl-C once more ends at once", &state) }
      let now = ContinuousClock.now
      if terminal.isLive {
        if state.lastDrawn.map({ now - $0 > .seconds(Self.longestStandstill) }) ?? true {
          draw(&state)
        }
      } else if now - state.lastPlainLine >= .seconds(Self.longestSilence) {
        writePlainLine(&state)
      }
      return true
    }
  }

  private func draw(_ state: inout State) {
    guard let progress = state.progress else { return }
    let line = ProgressBar.line(progress.reading, width: terminal.width)
    StandardError.write(raw: "\r" + line + "\u{1B}[K")
    state.barIsDrawn = true
    state.lastDrawn = .now
  }

  private func clear(_ state: inout State) {
    if state.barIsDrawn { StandardError.write(raw: "\r\u{1B}[K") }
    state.barIsDrawn = false
    state.lastDrawn = nil
  }

  private func writePlainLine(_ state: inout State) {
    guard let progress = state.progress else { return }
    StandardError.write(ProgressBar.plainLine(progress.reading))
    state.lastPlainLine = .now
  }
}

import ArgumentParser
import Formats
import Foundation
import Training

/// `grpo compared-run`: one stage of a comparison, as `grpo compare` starts it.
///
/// A line of JSON on standard input says what is to be done, lines on standard output tell how it
/// goes; once standard input is closed, it stops as after Ctrl-C.
struct ComparedRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compared-run", abstract: "One run of grpo compare.", shouldDisplay: false)

  func run() async throws {
    var input = StandardInput.Lines()
    guard let (_, line) = try input.next(),
      let task = try ComparisonTask(
        decoding: JSON(parsing: Array(line.utf8), file: StandardInput.name))
    else {
      throw Failure(
        .usage, "compared-run is what grpo compare starts", help: "grpo compare --help")
    }
    Interruption.watch()
    Thread.detachNewThread {
      while let bytes = try? StandardInput.read(), !bytes.isEmpty {}
      Interruption.request()
    }
    do {
      try await task.perform(
        report: { try? StandardOutput.write(line: $0.encoded.encoded()) },
        isCancelled: { Interruption.isRequested }, patience: Interruption.patience)
    } catch {
      guard var failure = Failure(error) else { throw error }
      try? StandardOutput.write(line: RunProcess.encoded(failure.problems.map(\.text)).encoded())
      // The comparison says it, and says it once.
      (failure.problems, failure.help) = ([], nil)
      throw failure
    }
  }
}

extension ComparisonTask.Event {
  var encoded: JSON {
    switch self {
    case .stepped(let step, let count): ["step": .integer(step), "of": .integer(count)]
    case .warning(let text): ["warning": .string(text)]
    }
  }

  /// What `encoded` gave; nil for anything else.
  init?(decoding json: JSON) {
    if let step = json["step"]?.int, let count = json["of"]?.int {
      self = .stepped(step, of: count)
    } else if let text = json["warning"]?.string {
      self = .warning(text)
    } else {
      return nil
    }
  }
}

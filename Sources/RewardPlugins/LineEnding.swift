internal import Rewards
internal import Subprocess

/// How a child's life ended.
struct LineEnding: Sendable {
  enum Cause: Error {
    /// There were no more requests.
    case told
    case inbox(LineInbox.Failure)
    /// The same before anything was asked: it came behind the reply before.
    case early(LineInbox.Failure)
    case deadline(Duration)

    /// Whether the child was late or is gone, and has said nothing wrong.
    var isPassing: Bool {
      switch self {
      case .told, .inbox(.ended), .deadline: true
      case .inbox, .early: false
      }
    }

    /// Whether the child ended by itself.
    var isEnd: Bool {
      switch self {
      case .inbox(.ended), .early(.ended): true
      case .told, .inbox, .early, .deadline: false
      }
    }

    /// Whether it says of the reply before that it may be none.
    var isDoubt: Bool { if case .early = self { true } else { false } }

    /// Whether the child may be about to end by itself, in its own way.
    var isPatient: Bool { if case .deadline = self { false } else { isPassing } }
  }

  var cause: Cause
  /// The request that will have no reply.
  var request: LineRequest?
  /// The line that came for it all the same.
  var line: [UInt8]?
  /// The last line on standard error.
  var errorLine: String?
  /// The end of what is there.
  var errors = ""

  /// The ending in one line.
  func description(status: TerminationStatus) -> String {
    let reason =
      switch cause {
      case .told: "it has ended"
      case .inbox(.ended), .early(.ended): "it ended (\(Self.inWords(status)))"
      case .inbox(.tooLong(let limit)), .early(.tooLong(let limit)):
        "its reply is longer than \(limit) bytes"
      case .inbox(.unsolicited(let bytes)), .early(.unsolicited(let bytes)):
        "it wrote a line that is not a reply: \(excerpt(bytes))"
      case .inbox(.cancelled), .early(.cancelled): "cancelled"
      case .deadline(let time): "no reply within \(time.inSeconds) s"
      }
    let text = errorLine.map { "\(reason); its last error line: \($0)" } ?? reason
    // Errors printed before we end a process have another cause.
    return LimitHint.told(in: cause.isEnd ? reason + errors : "")?.adding(to: text) ?? text
  }

  private static func inWords(_ status: TerminationStatus) -> String {
    switch status {
    case .exited(let code): "exit status \(code)"
    case .signaled(let signal): "signal \(signal)"
    }
  }
}

extension Duration {
  /// The duration in seconds, to the millisecond: "30", "0.25".
  var inSeconds: String {
    let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    return milliseconds % 1000 == 0
      ? "\(milliseconds / 1000)" : "\(Double(milliseconds) / 1000)"
  }
}

internal import Formats

/// The limit that may be why a plug-in failed, found by its error messages and by how it ended.
package struct LimitHint: Sendable, Equatable {
  /// The key of the limit.
  package let key: String
  private let usual: String
  /// What words have in them where it may be the limit's doing.
  private let signs: [String]

  private static let all: [LimitHint] = {
    let limits = PluginLimits()
    return [
      LimitHint(
        key: "memory_megabytes", usual: "\(limits.memoryMegabytes)",
        signs: [
          "MemoryError", "annot allocate memory", "nable to allocate", "bad_alloc", "OutOfMemory",
          "out of memory", "can't start new thread", "unable to create native thread",
          "nsufficient memory", "Could not reserve enough space", "failed to map",
          "Could not create the Java Virtual Machine",
        ]),
      LimitHint(
        key: "file_megabytes", usual: "\(limits.fileMegabytes)",
        signs: ["File too large", "[Errno 27]", "EFBIG", "(signal 25)"]),
      LimitHint(
        key: "open_files", usual: "\(limits.openFiles)",
        signs: ["oo many open files", "[Errno 24]", "EMFILE"]),
      LimitHint(key: "cpu_seconds", usual: "none", signs: ["(signal 24)"]),
    ]
  }()

  /// The limit that words tell of; nil where none is behind them, as far as they tell.
  static func told(in words: String) -> LimitHint? {
    all.first { $0.signs.contains(where: words.contains(bytes:)) }
  }

  /// Which one a message names that `adding(to:)` made.
  package static func named(in message: String) -> LimitHint? {
    all.first { message.contains(bytes: $0.words) }
  }

  private var words: String { "(the limit \(key) may be why)" }

  /// A reason that names the limit.
  func adding(to reason: String) -> String {
    reason.contains(bytes: words) ? reason : "\(reason) \(words)"
  }

  /// What to do, in one line.
  package var help: String { "give the reward more \(key) in the recipe (default: \(usual))" }
}

internal import Formats

/// Which of its limits may be why a plug-in failed, told from its words and from how it ended.
public struct LimitHint: Sendable, Equatable {
  /// The key of the limit.
  public let key: String
  private let usual: String

  private static let signs: [(hint: LimitHint, texts: [String])] = {
    let limits = PluginLimits()
    return [
      (
        LimitHint(key: "memory_megabytes", usual: "\(limits.memoryMegabytes)"),
        [
          "MemoryError", "annot allocate memory", "nable to allocate", "bad_alloc", "OutOfMemory",
          "out of memory", "can't start new thread", "unable to create native thread",
          "nsufficient memory", "Could not reserve enough space", "failed to map",
          "Could not create the Java Virtual Machine",
        ]
      ),
      (
        LimitHint(key: "file_megabytes", usual: "\(limits.fileMegabytes)"),
        ["File too large", "[Errno 27]", "EFBIG", "(signal 25)"]
      ),
      (
        LimitHint(key: "open_files", usual: "\(limits.openFiles)"),
        ["oo many open files", "[Errno 24]", "EMFILE"]
      ),
      (LimitHint(key: "cpu_seconds", usual: "none"), ["(signal 24)"]),
    ]
  }()

  /// - Returns: nil where no limit is behind it, as far as the words tell.
  init?(in words: String) {
    guard let sign = Self.signs.first(where: { $0.texts.contains(where: words.contains(bytes:)) })
    else { return nil }
    self = sign.hint
  }

  /// Which one a message names that ``adding(to:)`` made.
  public init?(named message: String) {
    guard let sign = Self.signs.first(where: { message.contains(bytes: $0.hint.words) }) else {
      return nil
    }
    self = sign.hint
  }

  private init(key: String, usual: String) { (self.key, self.usual) = (key, usual) }

  private var words: String { "(the limit \(key) may be why)" }

  /// A reason that names the limit.
  func adding(to reason: String) -> String {
    reason.contains(bytes: words) ? reason : "\(reason) \(words)"
  }

  /// What to do, in one line.
  public var help: String { "give the reward more \(key) in the recipe (by default \(usual))" }
}

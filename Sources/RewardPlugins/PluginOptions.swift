internal import Rewards

/// How a plug-in runs: its deadlines, its processes, its environment, and what it may use of the
/// machine.
public struct PluginOptions: Sendable, Equatable {
  /// Seconds that a request may take, at most ``longestTimeout``.
  public var timeout = 30.0
  /// Seconds that a process may take from its start to its answer to an empty batch.
  ///
  /// The first start after a boot reads an interpreter and all that it imports from the disk.
  public var startTimeout = 120.0
  /// How many processes run at a time; each gets its share of a batch, in whole prompts.
  public var workers = 1
  /// How long a process may take to end by itself once its input is closed, and again after
  /// SIGTERM, before SIGKILL.
  package var grace: Duration = .seconds(2)
  /// Whether replies must say which request they answer.
  public var ids = IDs.required
  /// The working directory of the processes; nil for the current directory.
  public var directory: String?
  /// Environment variables beside ``environmentAlways``; of one name the last counts.
  public var environment: [Variable] = []
  /// What each process may use of the machine.
  public var limits = PluginLimits()

  /// Creates the default options.
  public init() {}

  /// An environment variable for the processes.
  public struct Variable: Sendable, Equatable {
    /// The variable's name.
    public var name: String
    /// Its value; nil takes over this process's, where it has one.
    public var value: String?

    /// Creates a variable.
    public init(name: String, value: String?) { (self.name, self.value) = (name, value) }
  }

  /// Whether a reply must have the `id` of its request.
  public enum IDs: String, Sendable, CaseIterable {
    /// A reply without it ends the run: it may be one to another request.
    case required
    /// A reply may lack it. What arrives between requests is discarded, and counted.
    case off
  }

  /// The longest timeout in seconds: a day.
  public static let longestTimeout = 86_400.0

  /// - Throws: `RewardError.badOption` where a timeout is none.
  static func check(
    _ seconds: Double, of option: String, reward: String
  ) throws(RewardError) {
    guard seconds > 0, seconds <= longestTimeout else {
      throw .badOption(
        reward: reward, option: option,
        problem: "got \(seconds); need seconds, more than 0 and at most \(longestTimeout)")
    }
  }

  /// Variables that processes get from this one, where it has them; all others are kept from them.
  public static let environmentAlways = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
    "PYTHONPATH",
  ]

  /// The whole environment of a process.
  package func environment(from own: [String: String]) -> [String: String] {
    var result = own.filter { Self.environmentAlways.contains($0.key) }
    result["PYTHONUNBUFFERED"] = "1"
    for variable in environment { result[variable.name] = variable.value ?? own[variable.name] }
    return result
  }
}

/// What each process of a plug-in may use; its children may use as much again.
public struct PluginLimits: Sendable, Equatable {
  /// Address space in MiB, libraries and thread stacks included (`RLIMIT_AS`).
  public var memoryMegabytes = 2048
  /// Processor seconds of a process's whole life (`RLIMIT_CPU`); nil for any number.
  public var cpuSeconds: Int?
  /// Descriptors (`RLIMIT_NOFILE`).
  public var openFiles = 256
  /// Size in MiB of any file written (`RLIMIT_FSIZE`).
  public var fileMegabytes = 64
  /// Whether it may reach a network; if not, it has none, not even its own machine's.
  public var network = true

  /// Creates the default limits.
  public init() {}
}

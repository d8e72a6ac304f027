internal import Foundation
public import Rewards
internal import SystemPackage

/// A reward computed by a command of yours, in any language.
///
/// The command is started once, and asked to score an empty batch. From then on it answers each
/// line of JSON on its standard input with one line on its standard output; `RewardMessage` shows
/// both, and `Examples/score.py` is an example. Its standard error is always read, and the last
/// line of it is shown when something goes wrong. It runs in the recipe's directory, within
/// ``PluginLimits``, in a session of its own, with a selected part of the environment
/// (``PluginOptions/environmentAlways``) and PYTHONUNBUFFERED=1.
///
/// When a request goes wrong, the command and all processes of its group are killed, and the
/// command is started again:
///
/// - No reply in time, or the command ends or crashes: it is asked once more. Then all scores of
///   the request fail, with the reason.
/// - A wrong reply, or a line after it that no request asked for: the scores fail at once. A reply
///   is wrong where it is no JSON object, is above 8 MiB, has another `id` or another number of
///   rewards than there are completions, or has anything but a finite number or null among them.
/// - A reply without an `id` ends the run, since it may answer another request;
///   ``PluginOptions/ids`` chooses otherwise.
///
/// With several workers a batch is split between prompts into one part of about equal size for
/// each; metrics are means over the parts, weighted by their completions.
///
/// Counts: `restarts`, processes started in place of others, and `discarded`, lines that came
/// between requests; each where there were any.
public final class CommandReward: RewardFunction {
  /// The name in logs and messages.
  public let name: String
  private let program: String
  private let workers: [PluginWorker]
  private let ids: PluginOptions.IDs

  /// Prepares a command, which ``start()`` starts.
  ///
  /// - Parameters:
  ///   - command: the program and its arguments. A program with a `/` is a path, relative to
  ///     the options' directory; any other is looked up in PATH.
  ///   - name: default: the program's file name up to the first full stop.
  /// - Throws: `RewardError.badOption` for an empty command or an option out of range.
  public init(
    _ command: [String], name: String? = nil, options: PluginOptions = PluginOptions()
  ) throws(RewardError) {
    guard let program = command.first, !program.isEmpty else {
      throw .badOption(reward: "command", option: "command", problem: "empty (need a program)")
    }
    try PluginOptions.check(options.timeout, of: "timeout", reward: "command")
    try PluginOptions.check(options.startTimeout, of: "start_timeout", reward: "command")
    guard (1...Self.mostWorkers).contains(options.workers) else {
      throw .badOption(
        reward: "command", option: "workers",
        problem: "got \(options.workers); need 1 to \(Self.mostWorkers)")
    }
    self.name = name ?? Self.name(of: program)
    self.program = program
    ids = options.ids
    let launch = PluginLaunch(command, options)
    workers = (0..<options.workers).map { PluginWorker(launch, options, index: $0) }
  }

  /// A warning where replies need no id.
  public var warnings: [String] {
    if ids == .required { return [] }
    return [
      "ids are off: a late or early line can pass for a reply, so scores may be wrong"
    ]
  }

  private static let mostWorkers = 64

  /// Starts the command, and asks it to score an empty batch.
  ///
  /// - Throws: `RewardError.cannotStart` when it cannot be started, or does not answer.
  public func start() async throws {
    do {
      try await all { try await $0.start() }
    } catch {
      await stop()
      throw RewardError.cannotStart(reward: name, problem: "\(program): \(error)")
    }
  }

  /// Does the same with every worker at once.
  private func all(_ body: @escaping @Sendable (PluginWorker) async throws -> Void) async throws {
    try await withThrowingTaskGroup { group in
      for worker in workers { group.addTask { try await body(worker) } }
      try await group.waitForAll()
    }
  }

  /// Throws where a line came that no request asked for.
  ///
  /// - Throws: `RewardError.doubtful`.
  public func confirm() async throws {
    do {
      try await all { try await $0.confirm() }
    } catch {
      throw RewardError.doubtful(reward: name, problem: String(describing: error))
    }
  }

  /// Ends every process and its children: closes its input, then sends SIGTERM, then SIGKILL.
  public func stop() async {
    await withTaskGroup { group in
      for worker in workers { group.addTask { await worker.stop() } }
    }
  }

  /// Splits the completions among the workers and waits for their replies.
  ///
  /// - Throws: `RewardError.withoutID` for a reply that lacks the id it must have.
  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    do {
      return try await request.scored(inParts: workers.count) { [workers] index, part in
        try await workers[index].score(part)
      }
    } catch is RewardMessage.MissingID {
      throw RewardError.withoutID(reward: name)
    }
  }

  /// A program's default name: its file's name up to the first full stop.
  public static func name(of program: String) -> String {
    let file = program.split(separator: "/").last ?? "command"
    let stem = file.prefix { $0 != "." }
    return String(stem.isEmpty ? file : stem)
  }
}

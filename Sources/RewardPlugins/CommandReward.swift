internal import Foundation
public import Rewards
internal import Subprocess
internal import SystemPackage

/// A reward computed by a command of yours, in any language.
///
/// The command is started once, and then answers one line of JSON on its standard input with one
/// line on its standard output per step; `RewardMessage` shows both, `Examples/score.py` is a
/// worked example. Its standard error is always drained, and the last line of it is shown when
/// something goes wrong. It runs in the folder of the recipe, in a session of its own, with the
/// environment of this process and PYTHONUNBUFFERED=1.
///
/// When a request goes wrong, all its scores are failed, with the reason; the command and all
/// processes of its group are killed, and it is started again for the next request. What goes
/// wrong: no reply within the timeout; the command ends, crashes or closes its output; a reply
/// that is no JSON object, has another number of rewards than there are completions, a number
/// that is not finite, anything else where a number or null must be, another `id`, or more than
/// 8 MiB; a line that no request asked for.
public actor CommandReward: RewardFunction {
  public nonisolated let name: String
  private let command: [String]
  private let timeout: Duration
  private let limits: LineProcess.Limits
  private let configuration: Configuration
  /// Nil for a program that is looked up in PATH.
  private let executablePath: String?

  private var process: LineProcess?
  private var nextID = 1
  /// Requests are put to the command one after the other.
  private var lastRequest: Task<Void, Never>?

  /// - Parameters:
  ///   - command: the program and its arguments. A program with a `/` is a path, relative to
  ///     `directory`; any other is looked up in PATH.
  ///   - name: by default the program's file name without its extension.
  ///   - timeout: how many seconds a request may take.
  ///   - directory: where the command runs; by default the current directory.
  ///   - settling: how many seconds ``start()`` watches for a command that ends at once.
  /// - Throws: `RewardError.badOption` for an empty command or a timeout that is not positive.
  public init(
    _ command: [String], name: String? = nil, timeout: Double = 30, directory: String? = nil,
    settling: Double = 0.25
  ) throws(RewardError) {
    guard let program = command.first, !program.isEmpty else {
      throw .badOption(reward: "command", option: "command", problem: "empty (need a program)")
    }
    guard timeout > 0, timeout <= Self.longestTimeout else {
      throw .badOption(
        reward: "command", option: "timeout",
        problem: "got \(timeout); need seconds, more than 0 and at most \(Self.longestTimeout)")
    }
    self.name = name ?? Self.defaultName(program)
    self.command = command
    self.timeout = .seconds(timeout)
    self.limits = LineProcess.Limits(settling: .seconds(settling))
    let folder = FilePath(FileManager.default.currentDirectoryPath)
      .pushing(FilePath(directory ?? "."))
    // Absolute, because the working directory changes before the program is looked up.
    self.executablePath =
      program.utf8.contains(UInt8(ascii: "/")) ? folder.pushing(FilePath(program)).string : nil
    self.configuration = Self.configuration(
      command, executablePath: executablePath, directory: folder)
  }

  private static let longestTimeout: Double = 86_400

  /// Starts the command.
  ///
  /// - Throws: `RewardError.cannotStart` when it cannot be, or ends or writes at once.
  public func start() async throws {
    do {
      process = try await launch()
    } catch {
      throw RewardError.cannotStart(reward: name, problem: "\(command[0]): \(error)")
    }
  }

  public func stop() async {
    await process?.stop()
    process = nil
  }

  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    let previous = lastRequest
    let current = Task {
      await previous?.value
      return await self.exchange(request)
    }
    lastRequest = Task { _ = await current.value }
    let response = await withTaskCancellationHandler {
      await current.value
    } onCancel: {
      current.cancel()
    }
    try Task.checkCancellation()
    return response
  }

  private func exchange(_ request: RewardRequest) async -> RewardResponse {
    let id = nextID
    nextID += 1
    do {
      let process = if let process { process } else { try await launch() }
      self.process = process
      let line = try await process.exchange(
        RewardMessage.encode(request, id: id), timeout: timeout)
      do {
        return try RewardMessage.decode(line, id: id, completions: request.completions)
      } catch {
        // What sends one wrong reply may send another: only a fresh process can be trusted.
        await process.kill()
        throw LineProcess.Failure("reply: \(error)")
      }
    } catch {
      process = nil
      return failed(request, String(describing: error))
    }
  }

  private func launch() async throws(LineProcess.Failure) -> LineProcess {
    if let path = executablePath, FileManager.default.fileExists(atPath: path),
      !FileManager.default.isExecutableFile(atPath: path)
    {
      throw LineProcess.Failure("Permission denied; it is not executable")
    }
    return try await LineProcess(configuration, limits: limits)
  }

  private func failed(_ request: RewardRequest, _ reason: String) -> RewardResponse {
    RewardResponse(scores: request.completions.map { _ in .failed(reason) })
  }

  private static func defaultName(_ program: String) -> String {
    let file = FilePath(program).lastComponent
    return file.map(\.stem) ?? program
  }

  private static func configuration(
    _ command: [String], executablePath: String?, directory: FilePath
  ) -> Configuration {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [
      .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
    ]
    return Configuration(
      executable: executablePath.map { .path(FilePath($0)) } ?? .name(command[0]),
      arguments: Arguments(Array(command.dropFirst())),
      environment: .inherit.updating(["PYTHONUNBUFFERED": "1"]), workingDirectory: directory,
      platformOptions: options)
  }
}

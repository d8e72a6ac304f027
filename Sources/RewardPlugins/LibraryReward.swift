internal import CRewardLibrary
internal import Formats
internal import Foundation
public import Rewards
internal import SystemPackage

/// A reward in a shared library that implements `grpo_reward.h`.
///
/// This type loads the library into this process: for trusted libraries, since one that crashes
/// takes the process with it, and one that hangs cannot be stopped.
/// ``isolated(_:host:name:options:)`` gives a library a process of its own, with the deadline and
/// the limits of a command.
public actor LibraryReward: RewardFunction {
  /// The name in logs and messages.
  public nonisolated let name: String
  private let path: String
  private var library: Library?

  /// Names a library, which ``start()`` loads.
  ///
  /// - Parameters:
  ///   - path: the library, absolute or from `directory`.
  ///   - name: default: the file's name up to the first full stop.
  ///   - directory: default: the current directory.
  public init(_ path: String, name: String? = nil, directory: String? = nil) {
    self.name = name ?? CommandReward.name(of: path)
    self.path = Self.absolute(path, directory)
  }

  /// Prepares a command that serves the library in a process of its own: `grpo reward serve PATH`.
  ///
  /// - Parameter host: the program that serves it; default: this program where that is `grpo`, else
  ///   the one in PATH.
  /// - Throws: `RewardError.badOption`.
  public static func isolated(
    _ path: String, host: String? = nil, name: String? = nil,
    options: PluginOptions = PluginOptions()
  ) throws(RewardError) -> CommandReward {
    var options = options
    // A crash ends it at once; the signal says enough.
    options.environment.append(.init(name: "SWIFT_BACKTRACE", value: "enable=no"))
    return try CommandReward(
      [host ?? ownProgram, "reward", "serve", absolute(path, options.directory)],
      name: name ?? CommandReward.name(of: path), options: options)
  }

  private static var ownProgram: String {
    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let isGrpo = own.flatMap { FilePath($0).lastComponent }?.string.hasPrefix("grpo") ?? false
    return isGrpo ? own ?? "grpo" : "grpo"
  }

  private static func absolute(_ path: String, _ directory: String?) -> String {
    FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(directory ?? "."))
      .pushing(FilePath(path)).string
  }

  /// The path of the library that is being called in this process; nil when none is.
  ///
  /// A signal handler may read it.
  public static var calledPath: UnsafePointer<CChar>? { unsafe crl_called() }

  /// Loads the library.
  ///
  /// - Throws: `RewardError.cannotStart`.
  public func start() async throws {
    if library == nil { library = try Library(path, reward: name) }
  }

  /// Unloads the library.
  public func stop() async { library = nil }

  /// Scores the completions with the library, which is loaded first where it is not.
  ///
  /// - Throws: `RewardError.cannotStart`.
  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    try await start()
    guard let library else { preconditionFailure("it was just loaded") }
    return RewardResponse(scores: library.score(request))
  }

  /// The reply to a request's line, without a newline: what serves
  /// ``isolated(_:host:name:options:)``.
  ///
  /// - Throws: an error in one line for a line that is no request.
  public func reply(to line: [UInt8]) async throws -> [UInt8] {
    let (id, request) = try RewardMessage.request(line)
    let response = try await score(request)
    return RewardMessage.encode(response.scores, id: id)
  }
}

/// A library that is loaded.
@safe private final class Library {
  // SAFETY: it comes from crl_open, goes to crl_close once, and is seen by nobody else.
  private let library: OpaquePointer

  init(_ path: String, reward: String) throws(RewardError) {
    var message = [CChar](repeating: 0, count: Int(CRL_MESSAGE_SIZE))
    // SAFETY: the path ends with a NUL, and the message has the room that the header asks for.
    guard let library = unsafe crl_open(path, &message) else {
      throw .cannotStart(reward: reward, problem: "\(path): \(Self.text(message))")
    }
    unsafe self.library = library
  }

  deinit { unsafe crl_close(library) }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  func score(_ request: RewardRequest) -> [Score] {
    let completions = request.completions
    var texts: [CChar] = []
    var (offsets, lengths): ([Int], [Int]) = ([], [])
    func append(_ text: String?) {
      offsets.append(texts.count)
      // SIZE_MAX, bit for bit.
      lengths.append(text?.utf8.count ?? -1)
      texts += (text ?? "").utf8.map(CChar.init(bitPattern:)) + [0]
    }
    var (ids, idOffsets): ([Int64], [Int]) = ([], [0])
    for completion in completions {
      append(completion.prompt)
      append(completion.text)
      append(completion.label.isNull ? nil : completion.label.text ?? completion.label.encoded())
      append(JSON.object(completion.columns).encoded())
      ids += completion.tokenIDs.map(Int64.init)
      idOffsets.append(ids.count)
    }
    let finished: [Int32] = completions.map { $0.finishReason == .stop ? 1 : 0 }
    // A score that the library does not set has failed; it is not 0.
    var rewards = [Double](repeating: .nan, count: completions.count)
    var status = [Int32](repeating: 0, count: completions.count)
    var message = [CChar](repeating: 0, count: Int(CRL_MESSAGE_SIZE))
    // SAFETY: every array has the number of elements that the header asks for, and lives through the
    // call; what the library does with them is what loading it here means.
    let result = unsafe crl_score(
      library, Int64(request.step), completions.count, texts, offsets,
      lengths, ids, idOffsets, finished,
      &rewards, &status, &message)
    if result != 0 {
      let reason = Self.text(message)
      let failed = Score.failed(reason.isEmpty ? "the library returned \(result)" : reason)
      return completions.map { _ in failed }
    }
    return zip(rewards, status).map { reward, status in
      switch status {
      case 0: reward.isFinite ? .value(reward) : .failed("got \(reward); need a finite number")
      case 1: .notApplicable
      default: .failed("the library found no score")
      }
    }
  }
}

import ArgumentParser
import Formats
import Foundation
import RewardPlugins

/// `grpo reward serve`: a library in a process of its own.
struct RewardServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answers requests on standard input with a library's scores.",
    shouldDisplay: false)

  @Argument(help: "The library.", completion: .file(extensions: ["so"]))
  var library: String

  private static let largestRequest = 1 << 30

  func run() async throws {
    // What the library prints must not pass for a reply, and what it reads must be no request.
    let replies = FileHandle(fileDescriptor: dup(STDOUT_FILENO), closeOnDealloc: true)
    dup2(STDERR_FILENO, STDOUT_FILENO)
    let requests = dup(STDIN_FILENO)
    dup2(FileSystemCalls.open("/dev/null", O_RDONLY), STDIN_FILENO)
    let reward = LibraryReward(library)
    do {
      try await reward.start()
    } catch {
      // Without advice: the last line is what the trainer shows of it.
      throw Failure(.rewardFailed, String(describing: error).visible())
    }
    var lines = StandardInput.Lines(maximumBytes: Self.largestRequest, from: requests)
    while let (_, line) = try lines.next() {
      try replies.write(contentsOf: Data(try await reward.reply(to: Array(line.utf8)) + [10]))
    }
  }
}

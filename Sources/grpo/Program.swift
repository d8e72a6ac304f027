import ArgumentParser
import Formats
import Foundation

/// Where the program begins, and the only place where it ends.
@main
enum Program {
  static func main() async {
    StandardStreams.prepare()
    Crash.watch()
    do {
      if let failure = RootCommand.unknownCommand(CommandLine.arguments.dropFirst()) {
        throw failure
      }
      var command = try RootCommand.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      exit(report(error).rawValue)
    }
  }

  /// Says what ended the program, and returns what it tells its parent.
  private static func report(_ error: any Error) -> ExitStatus {
    if let failure = Failure(error) {
      StandardError.write(failure)
      return failure.status
    }
    // What is left is the parser's: help, a version, or a mistake on the command line.
    if RootCommand.exitCode(for: error) == .success {
      do {
        let text = CompletionScript.completed(RootCommand.fullMessage(for: error))
        try StandardOutput.write(line: Terminal.standardOutput.wrapped(usageIn: text))
        return .success
      } catch {
        return report(error)
      }
    }
    return report(
      Failure(
        .usage, RootCommand.message(for: error).visible(),
        help: RootCommand.helpCommand(for: CommandLine.arguments.dropFirst())))
  }
}

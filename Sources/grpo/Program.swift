import ArgumentParser
import Foundation

/// Where the program begins, and the only place where it ends.
@main
enum Program {
  static func main() async {
    StandardStreams.prepare()
    do {
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
      failure.lines.forEach(StandardError.write)
      return failure.status
    }
    // What is left is the parser's: help, a version, or a mistake on the command line.
    if RootCommand.exitCode(for: error) == .success {
      do {
        try StandardOutput.write(line: RootCommand.fullMessage(for: error))
        return .success
      } catch {
        return report(error)
      }
    }
    StandardError.write("error: \(RootCommand.message(for: error).visible())")
    StandardError.write("help: \(RootCommand.helpCommand(for: CommandLine.arguments.dropFirst()))")
    return .usage
  }
}

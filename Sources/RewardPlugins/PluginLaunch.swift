internal import Foundation
internal import Subprocess
internal import SystemPackage

/// How a plug-in's process is started: a shell sets its limits and becomes the program.
///
/// The process leads a session, and so a group, of its own. Beside it, in that group, a shell
/// waits for the end of this process and then kills the group: a plug-in that has stopped reading
/// would not notice that its trainer is gone.
struct PluginLaunch: Sendable {
  private let command: [String]
  private let directory: FilePath
  private let options: PluginOptions

  init(_ command: [String], _ options: PluginOptions) {
    (self.command, self.options) = (command, options)
    directory = FilePath(FileManager.default.currentDirectoryPath)
      .pushing(FilePath(options.directory ?? "."))
  }

  /// What to start, found at the time of the call.
  func configuration() throws(LineProcess.Failure) -> Configuration {
    let program = try executable()
    let arguments = ["-c", script, "sh", Lifeline.path ?? ""] + [program] + command.dropFirst()
    let environment = options.environment(from: ProcessInfo.processInfo.environment)
    var platform = PlatformOptions()
    platform.createSession = true
    platform.teardownSequence = [
      .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
    ]
    return Configuration(
      executable: .path("/bin/sh"), arguments: Arguments(arguments),
      environment: .custom(
        Dictionary(
          uniqueKeysWithValues: environment.map {
            (Environment.Key(stringLiteral: $0.key), $0.value)
          })),
      workingDirectory: directory, platformOptions: platform)
  }

  /// A limit that is stricter already stays as it is.
  private var script: String {
    let limits = options.limits
    var lines = [
      "ulimit -v \(limits.memoryMegabytes << 10)", "ulimit -n \(limits.openFiles)",
      "ulimit -f \(limits.fileMegabytes << 11)",
    ]
    if let seconds = limits.cpuSeconds { lines.append("ulimit -t \(seconds)") }
    lines = lines.map { "\($0) 2>/dev/null || :" }
    lines.append(
      """
      if [ -n "$1" ]; then
        exec 9<"$1"
        { while read -r line; do :; done; kill -KILL 0; } <&9 9<&- >/dev/null 2>&1 &
        exec 9<&-
      fi
      shift
      """)
    lines.append(limits.network ? "exec \"$@\"" : "exec unshare -r -n -- \"$@\"")
    return lines.joined(separator: "\n")
  }

  /// The program as an absolute path: a name with a `/` counts from the directory, any other is
  /// looked up in PATH.
  private func executable() throws(LineProcess.Failure) -> String {
    let files = FileManager.default
    let program = command[0]
    guard program.utf8.contains(UInt8(ascii: "/")) else {
      let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
      let found = path.split(separator: ":").lazy.map { "\($0)/\(program)" }
        .first { files.isExecutableFile(atPath: $0) }
      guard let found else { throw LineProcess.Failure(missing(program)) }
      return found
    }
    let path = directory.pushing(FilePath(program)).string
    guard files.fileExists(atPath: path) else {
      throw LineProcess.Failure(missing(program, in: directory.string))
    }
    guard files.isExecutableFile(atPath: path) else {
      throw LineProcess.Failure("Permission denied; it is not executable")
    }
    return path
  }

  /// That a program is not there, and what may be meant.
  private func missing(_ program: String, in directory: String? = nil) -> String {
    let problem =
      switch directory {
      case _ where program.hasPrefix("/"): "No such file or directory"
      case let directory?: "No such file or directory; the path is relative to \(directory)"
      case nil: "No such file or directory in PATH"
      }
    let words = program.split(separator: " ")
    guard command.count == 1, words.count > 1 else { return problem }
    return problem + "; give the program and each argument as separate texts: "
      + words.map { "'\($0)'" }.joined(separator: " ")
  }
}

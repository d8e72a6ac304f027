import Foundation
import TestSupport
import Testing

@Suite struct InterruptionTests {
  /// A reward that waits in its third step until a file called `go` is there.
  ///
  /// - Parameter head: What it begins with.
  private func waitingFolder(_ head: String = "") async throws -> Workspace {
    let folder = try Workspace()
    try await folder.writeExecutable(
      "wait.sh",
      """
      #!/bin/sh
      \(head)
      while read -r line; do
        id=${line#*'"id":'}
        case "$line" in
        *'"completions":[],'*) echo '{"rewards": []}'; continue ;;
        *'"step":3,'*)
          echo $$ >waiting.tmp; mv waiting.tmp waiting
          while [ ! -e go ]; do sleep 0.01; done
          ;;
        esac
        echo '{"rewards": [0, 0, 0, 0, 0, 0, 0, 0], "id":' "${id%%,*}}"
      done

      """)
    try folder.addPlugin("./wait.sh")
    return folder
  }

  private func start(
    _ arguments: [String], in folder: Workspace, environment: [String: String] = [:],
    wrapper: [String] = []
  ) async throws -> (ChildProcess, GrpoProgram.Streams) {
    let streams = try GrpoProgram.Streams(in: folder)
    let process = try await GrpoProgram.start(
      arguments, in: folder.path, environment: environment, wrapper: wrapper,
      output: streams.output,
      errors: streams.errors)
    try await GrpoProgram.waitUntil(of: process) { folder.exists("waiting") }
    return (process, streams)
  }

  private func waitUntilNoticed(
    by process: ChildProcess, _ streams: GrpoProgram.Streams
  ) async throws {
    try await GrpoProgram.waitUntil(of: process) {
      try streams.outcome(status: 0).errors.contains("  stopping  ")
    }
  }

  @Test(arguments: ["run", "train"])
  func aStoppedRunIsSavedAndResumesToTheSameBytes(command: String) async throws {
    let folder = try await waitingFolder()
    if command == "train" {
      _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    }
    let (process, streams) = try await start([command, "recipe.yaml"], in: folder)
    process.send(SIGINT)
    try await waitUntilNoticed(by: process, streams)
    try folder.write("go", "")
    let stopped = try streams.outcome(status: try await GrpoProgram.end(process))
    #expect(stopped.status == 75)
    #expect(stopped.output.isEmpty)
    #expect(stopped.errors.contains("\nstopped after step 3, which is saved\n"))
    let resume = command == "train" ? ["--resume"] : []
    let words = [command, "recipe.yaml"] + resume
    #expect(stopped.help?.hasPrefix("help: resume with: /") == true)
    #expect(stopped.help?.hasSuffix("/grpo \(words.joined(separator: " "))") == true)
    #expect(!folder.exists("run/model"))

    try await expectResumes(with: words, after: 3, in: folder)
  }

  /// That the run goes on behind the step, and ends as one that was never stopped.
  private func expectResumes(
    with words: [String], after step: Int, in folder: Workspace
  ) async throws {
    let resumed = try await GrpoProgram.run(words, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("continues after step \(step) of 8"))
    let whole = try await GrpoProgram.run(
      "run", "recipe.yaml", "--output", "whole", "-q", in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    try expectSameRun("run", "whole", in: folder)
  }

  /// It never answers, nor ends when it is told to.
  @Test func aRewardThatHangsIsNotWaitedFor() async throws {
    let folder = try await waitingFolder("trap '' TERM")
    let (process, streams) = try await start(
      ["run", "recipe.yaml"], in: folder, environment: ["GRPO_GRACE": "0"])
    process.send(SIGTERM)
    let stopped = try streams.outcome(status: try await GrpoProgram.end(process))
    #expect(stopped.status == 75)
    #expect(stopped.errors.contains("\nstopped after step 2, which is saved\n"))
    try folder.write("go", "")
    try await expectResumes(with: ["run", "recipe.yaml"], after: 2, in: folder)
  }

  /// It has nothing to save.
  @Test func explainEndsAtTheFirstInterrupt() async throws {
    let folder = try await waitingFolder()
    let begun = try await GrpoProgram.run(
      "run", "recipe.yaml", "--steps", "2", "-q", in: folder)
    #expect(begun.status == 0, "\(begun.errors)")
    let (process, streams) = try await start(["explain", "recipe.yaml"], in: folder)
    process.send(SIGINT)
    #expect(try await process.end() == .signal(SIGINT))
    #expect(!(try streams.outcome(status: 0).errors.contains("stop")))
    try folder.write("go", "")
  }

  @Test func theSecondInterruptEndsAtOnce() async throws {
    let folder = try await waitingFolder()
    let (process, streams) = try await start(["run", "recipe.yaml"], in: folder)
    process.send(SIGINT)
    // Two signals that wait for delivery at the same time would be one.
    try await waitUntilNoticed(by: process, streams)
    process.send(SIGINT)
    #expect(try await GrpoProgram.end(process) == 130)
    try folder.write("go", "")
    let resumed = try await GrpoProgram.run("run", "recipe.yaml", "-q", in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
  }

  @Test func theEndOfTheTerminalSavesTheRun() async throws {
    let folder = try await waitingFolder()
    let (process, streams) = try await start(["run", "recipe.yaml"], in: folder)
    process.send(SIGHUP)
    try await waitUntilNoticed(by: process, streams)
    process.send(SIGHUP)
    try folder.write("go", "")
    #expect(try await GrpoProgram.end(process) == 75)
  }

  @Test func theEndOfTheTerminalDoesNotReachWhatNohupStarted() async throws {
    let folder = try await waitingFolder()
    let (process, _) = try await start(["run", "recipe.yaml"], in: folder, wrapper: ["nohup"])
    process.send(SIGHUP)
    try folder.write("go", "")
    #expect(try await GrpoProgram.end(process) == 0)
  }

  @Test func aPluginDiesWithItsTrainer() async throws {
    let folder = try await waitingFolder()
    let (process, _) = try await start(["run", "recipe.yaml"], in: folder)
    process.send(SIGKILL)
    _ = try await process.end()
    // It waits for a file and reads nothing: the end of its input is not what ends it.
    let text = try String(contentsOfFile: folder["waiting"], encoding: .utf8)
    let plugin = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    try await GrpoProgram.waitUntil {
      // It is an orphan; until somebody reaps it, it stays as a zombie: "NUMBER (NAME) Z …".
      let status = try? String(contentsOfFile: "/proc/\(plugin)/stat", encoding: .utf8)
      return status?.contains(") Z ") ?? true
    }
  }

  @Test func oneWriterAtATime() async throws {
    let folder = try await waitingFolder()
    let (process, _) = try await start(["run", "recipe.yaml"], in: folder)
    let second = try await GrpoProgram.run("run", "recipe.yaml", in: folder)
    #expect(second.status == 73)
    #expect(
      second.problems == [
        "error: run: is being written by process \(process.identifier)"
      ])
    try folder.write("go", "")
    #expect(try await GrpoProgram.end(process) == 0)
  }

  /// The lock of a directory that is removed hinders nobody from beginning there again.
  @Test func whoseDirectoryIsTakenEndsAndWritesNothingMore() async throws {
    let folder = try await waitingFolder()
    let (process, streams) = try await start(["run", "recipe.yaml"], in: folder)
    try FileManager.default.removeItem(atPath: folder["run"])
    let second = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    #expect(second.status == 0, "\(second.errors)")
    try folder.write("go", "")
    let first = try streams.outcome(status: try await GrpoProgram.end(process))
    #expect(first.status == 73)
    #expect(
      first.problems == [
        "error: run: was moved, removed or replaced during the run, or its file lock was; "
          + "nothing more is written"
      ])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder["run"]).sorted()
        == ["MANIFEST.json", "lock", "recipe.yaml", "tokenizer.model", "warm-start"])
  }
}

import Formats
import Foundation
import TestSupport
import Testing

/// The completions that bash gets from the generated script.
@Suite struct CompletionScriptTests {
  /// Asks bash for the completions of a line; its words are broken at "=" as bash breaks them.
  ///
  /// - Parameter words: After the program's name; the last one is completed.
  private func completions(_ words: [String], in folder: Workspace) async throws -> [String] {
    let program = try GrpoProgram.path()
    try await folder.writeExecutable(
      "complete.sh",
      """
      #!/usr/bin/env bash
      source script.bash
      program=$1; shift
      COMP_WORDS=("$program" "$@")
      COMP_CWORD=$#
      COMP_LINE="$program $*"
      COMP_POINT=${#COMP_LINE}
      current=${COMP_WORDS[COMP_CWORD]}
      [ "$current" != "=" ] || current=
      _grpo_joined grpo "$current" "${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "${COMPREPLY[@]}" >completions
      """)
    let nowhere = try #require(FileHandle(forUpdatingAtPath: "/dev/null"))
    let process = try await ChildProcess(
      [folder["complete.sh"], program] + words, in: folder.path,
      environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"],
      input: nil, output: nowhere.fileDescriptor, errors: nowhere.fileDescriptor)
    #expect(try await GrpoProgram.end(process) == 0)
    return try folder.text("completions").split(separator: "\n").map(String.init)
  }

  private func folder() async throws -> Workspace {
    let folder = try Workspace()
    let script = try await GrpoProgram.run("--generate-completion-script", "bash", in: folder)
    #expect(script.status == 0)
    try folder.write("script.bash", script.output)
    return folder
  }

  @Test(arguments: [
    (["algorithms", "gr"], ["grpo", "grpo-process", "grpo-softmax", "grpo-rank"]),
    (["reward", "list", "exact"], ["exact_match"]),
    (["evaluate", "--reward", "numeric"], ["numeric_match"]),
    (["run", "recipe.yaml", "--set", "train.bet"], ["train.beta="]),
    (["run", "recipe.yaml", "--set", "train.algorithm", "=", "dap"], ["dapo"]),
    (["compare", "recipe.yaml", "--vary", "train.algorithm", "=", "grpo,dap"], ["grpo,dapo"]),
    (["run", "recipe.yaml", "--set", "train.aggregation", "=", "token-m"], ["token-mean"]),
    (["run", "recipe.yaml", "--allow", "train.bet"], ["train.beta"]),
    (["recipe", "keys", "evaluation.q"], ["evaluation.questions"]),
    (["run", "rec"], ["recipe.yaml"]),
    (["evaluate", "--data", "te"], ["test.jsonl"]),
    (["evaluate", "--prompt", "pro"], ["prompt.txt"]),
    (["explain", "recipe.yaml", "--up"], ["--updates"]),
  ])
  func itCompletes(words: [String], expected: [String]) async throws {
    let folder = try await folder()
    #expect(try await completions(words, in: folder).sorted() == expected.sorted())
  }

  @Test func everyKeyIsOffered() async throws {
    let folder = try await folder()
    let keys = try await completions(["run", "recipe.yaml", "--set", ""], in: folder)
    for key in ["seed=", "data.train=", "warm_start.until_accuracy=", "train.value.model="] {
      #expect(keys.contains(key), "\(key)")
    }
    let values = try await completions(
      ["run", "recipe.yaml", "--set", "train.algorithm", "="], in: folder)
    #expect(values.contains("grpo") && values.contains("trl"))
    #expect(!values.contains { $0.contains("=") })
  }
}

import Formats
import Testing

/// What `--json` makes of warnings and errors: objects on standard error, one on a line.
@Suite struct JSONErrorTests {
  private func run(
    _ arguments: [String], in folder: Workspace
  ) async throws -> (status: Int32, output: String, objects: [JSONObject]) {
    let outcome = try await GrpoProgram.run(arguments, in: folder)
    let objects = try JSONLines.lines(Array(outcome.errors.utf8), file: "errors").map(\.object)
    return (outcome.status, outcome.output, objects)
  }

  /// The error, where it is all that is said.
  private func error(
    _ arguments: String..., in folder: Workspace, _ location: SourceLocation = #_sourceLocation
  ) async throws -> JSON? {
    let (status, output, objects) = try await run(arguments + ["--json"], in: folder)
    #expect(output.isEmpty && objects.count == 1, sourceLocation: location)
    let error = objects.first?["error"]
    #expect(error?["exit_code"]?.int == Int(status), sourceLocation: location)
    return error
  }

  @Test func aMistakeOfTheRecipeHasItsPlace() async throws {
    let folder = try Workspace()
    try folder.edit("beta: 0.01", "beta: 0.01\n  epsilom: 1\n  lr: 2")
    let error = try await error("run", "recipe.yaml", in: folder)
    #expect(error?["exit_code"]?.int == 78)
    #expect(error?["field"]?.string == "train.epsilom")
    #expect(error?["file"]?.string?.hasSuffix("recipe.yaml") == true)
    #expect(error?["line"]?.int == 23)
    #expect(error?["message"]?.string == "unknown key (did you mean epsilon?)")
    #expect(error?["others"]?.array?.map { $0["field"]?.string } == ["train.lr"])
  }

  @Test func aMistakeOfASettingHasItsOption() async throws {
    let folder = try Workspace()
    let error = try await error("run", "recipe.yaml", "--set", "train.beta=-1", in: folder)
    #expect(error?["option"]?.string == "--set train.beta")
    #expect(error?["field"]?.string == "train.beta")
    #expect(error?["exit_code"]?.int == 78)
  }

  @Test func aMistakeOfADataFileHasItsLine() async throws {
    let folder = try Workspace()
    try folder.write("train.jsonl", "{\"question\": \"1+1\", \"answer\": \"2\"}\n{\"question\"\n")
    let error = try await error("run", "recipe.yaml", in: folder)
    #expect(error?["exit_code"]?.int == 65)
    #expect(error?["file"]?.string?.hasSuffix("train.jsonl") == true)
    #expect(error?["line"]?.int == 2)
  }

  @Test func whatToDoIsHelp() async throws {
    let folder = try Workspace()
    let error = try await error("train", "recipe.yaml", in: folder)
    #expect(error?["exit_code"]?.int == 66)
    #expect(error?["help"]?.string?.contains("grpo sft") == true)
  }

  @Test(arguments: [
    ["run"], ["sft"], ["train"], ["explain"], ["compare"], ["evaluate"], ["sample"],
    ["algorithms", "none"], ["reward", "list", "none"], ["reward", "test"], ["reward", "train"],
    ["tokenizer", "encode"], ["tokenizer", "decode"], ["unknown"], ["run", "x.yaml", "--epochs"],
  ])
  func everyCommandsMistakesAreObjects(command: [String]) async throws {
    let folder = try Workspace()
    let (status, output, objects) = try await run(command + ["--json"], in: folder)
    #expect(status == 64)
    #expect(output.isEmpty)
    #expect(objects.count == 1)
    let error = objects.first?["error"]
    #expect(error?["exit_code"]?.int == 64)
    #expect(error?["message"]?.string?.isEmpty == false)
    #expect(error?["help"]?.string?.hasPrefix("grpo ") == true)
  }

  @Test func aWarningIsAnObjectAndTheResultIsAlone() async throws {
    let folder = try await Workspace.warmStarted()
    let (status, output, objects) = try await run(
      [
        "evaluate", "--model", Workspace.model, "--recipe", "recipe.yaml", "--limit", "4", "--json",
        "--fail-under", "1", "--reward", "exact_match",
      ], in: folder)
    #expect(status == 1)
    #expect(try JSONLines.lines(Array(output.utf8), file: "output").count == 1)
    #expect(objects.count == 2)
    #expect(objects.first?["warning"]?["message"]?.string?.hasPrefix("4 questions say") == true)
    #expect(
      objects.last?["error"]?["message"]?.string?.hasPrefix("greedy accuracy is too low") == true)
  }

  @Test func withoutItErrorsAreText() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("run", "recipe.yaml", "--epochs", in: folder)
    #expect(outcome.problems.count == 1)
  }
}

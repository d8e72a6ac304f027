import Formats
import Testing

@Suite struct RecipeCommandTests {
  @Test func aKeyIsExplained() async throws {
    let outcome = try await GrpoProgram.run(
      "recipe", "keys", "train.kl_target", in: try Workspace())
    #expect(outcome.status == 0)
    #expect(
      outcome.outputLines == [
        "train.kl_target",
        "  The KL divergence that the controller aims at, in nats per token.",
        "    values  a number above 0, at most 1000",
        "   default  0.01",
        "    effect  only with beta above 0 and with kl_controller adaptive or ziegler",
      ])
  }

  @Test func aKeyOfOtherProgramsLeadsToOurs() async throws {
    let folder = try Workspace()
    for (key, meant) in [
      ("lr", "learning_rate"), ("max_steps", "steps"), ("cliprange", "epsilon"),
      ("discount", "gamma or outer_discount"),
    ] {
      let outcome = try await GrpoProgram.run(
        "run", "recipe.yaml", "--set", "train.\(key)=1", in: folder)
      #expect(
        outcome.problems == ["error: --set train.\(key): unknown key (did you mean \(meant)?)"])
    }
  }

  @Test func theKeysOfASectionAreListed() async throws {
    let outcome = try await GrpoProgram.run("recipe", "keys", "evaluation", in: try Workspace())
    #expect(
      outcome.outputLines.map { String($0.prefix { $0 != " " }) } == [
        "evaluation", "evaluation.every", "evaluation.samples", "evaluation.k",
        "evaluation.temperature", "evaluation.questions",
      ])
  }

  @Test func theSameIsThereForPrograms() async throws {
    let outcome = try await GrpoProgram.run(
      "recipe", "keys", "train.beta", "--json", in: try Workspace())
    let keys = try JSON(parsing: Array(outcome.output.utf8), file: "output")
    let key = try #require(keys.array?.first)
    #expect(key["key"] == "train.beta")
    #expect(key["default"] == "0.04")
    #expect(key["defaults"]?["dapo"] == "0")
  }

  @Test func anUnknownKeyIsRefusedWithTheNearest() async throws {
    let outcome = try await GrpoProgram.run("recipe", "keys", "train.betta", in: try Workspace())
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("no key train.betta (did you mean train.beta?)"))
  }

  @Test func aRecipeIsCheckedWithoutARun() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("recipe", "check", "recipe.yaml", "--json", in: folder)
    #expect(outcome.status == 0)
    let report = try JSON(parsing: Array(outcome.output.utf8), file: "output")
    #expect(report["ok"] == true)
    // Two layers of a width of 16 with tied embeddings of 300 pieces at most.
    #expect((report["parameters"]?.int ?? 0) > 4000)
    #expect((report["memory_bytes"]?.int ?? 0) > 4 * (report["parameters"]?.int ?? .max))
    #expect((report["seconds_per_step"]?.double ?? 0) > 0)
    #expect(!folder.exists("run"))
  }

  @Test func everyRecipeIsCheckedAndTheFirstThatIsWrongDecides() async throws {
    let folder = try Workspace()
    try folder.write("wrong.yaml", try folder.text("recipe.yaml").replacing("seed:", with: "sead:"))
    let outcome = try await GrpoProgram.run(
      "recipe", "check", "missing.yaml", "wrong.yaml", "recipe.yaml", "--keys-only", in: folder)
    #expect(outcome.status == 66)
    #expect(outcome.outputLines == ["recipe.yaml: ok"])
    #expect(
      outcome.problems == [
        "error: missing.yaml: no such file",
        "error: wrong.yaml:1: sead: unknown key (did you mean seed?)",
      ])
  }

  @Test func aFirstRecipeIsWrittenThatRuns() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "recipe", "init", "train.jsonl", "--test", "test.jsonl", "--directory", "mine", in: folder)
    #expect(outcome.status == 0)
    #expect(
      outcome.outputLines.first
        == "wrote  mine/recipe.yaml  mine/prompt.txt  mine/recipe.schema.json")
    let check = try await GrpoProgram.run("recipe", "check", "mine/recipe.yaml", in: folder)
    #expect(check.status == 0, "\(check.errors)")
    let run = try await GrpoProgram.run(
      "run", "mine/recipe.yaml", "--set", "warm_start.steps=2", "--set",
      "warm_start.warmup_steps=0", "--steps", "1", "--output", "mine/run", in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let again = try await GrpoProgram.run(
      "recipe", "init", "train.jsonl", "--directory", "mine", in: folder)
    #expect(again.status == 73)
    #expect(again.problems == ["error: mine/recipe.yaml: already exists"])
  }

  @Test func columnsThatNoNameTellsAreAskedFor() async throws {
    let folder = try Workspace()
    try folder.write("rows.csv", "q,a\n1+1,2\n2+2,4\n")
    let outcome = try await GrpoProgram.run("recipe", "init", "rows.csv", in: folder)
    #expect(outcome.status == 65)
    #expect(
      outcome.problems == [
        "error: rows.csv: no column is called question, prompt, problem or the like (got q, a); "
          + "name it with --question-field"
      ])
    let named = try await GrpoProgram.run(
      "recipe", "init", "rows.csv", "--question-field", "q", "--answer-field", "a", "--directory",
      "mine", in: folder)
    #expect(named.status == 0)
    #expect(try folder.text("mine/recipe.yaml").contains("  question: \"q\" "))
  }
}

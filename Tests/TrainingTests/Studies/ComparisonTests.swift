import Formats
import Foundation
import Recipes
import Synchronization
import TestSupport
import Testing
import Training

@Suite(.inTurn) struct ComparisonTests {
  private func study(_ small: SmallRecipe) throws -> Study {
    var study = Study()
    study.recipes = [small.directory + "/recipe.yaml"]
    study.seeds = [1, 2]
    study.metrics = ["kl", "loss"]
    study.settings = [
      try #require(RecipeOverride(assignment: "warm_start.steps=100")),
      try #require(RecipeOverride(assignment: "evaluation.every=2")),
    ]
    try study.vary(try #require(Study.Axis("train.beta=0,0.5")))
    return study
  }

  private func text(_ directory: String, _ name: String) throws -> String {
    String(decoding: try Files.read("\(directory)/\(name)", maximumBytes: 1 << 24), as: UTF8.self)
  }

  @Test func runsAtATimeChangeNothingAndRunsThatEndedAreFound() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let study = try study(small)
    for jobs in 1...2 {
      let output = small.directory + "/\(jobs)"
      try await Comparison(study, output: output, jobs: jobs).run().write(to: output)
    }
    let first = small.directory + "/1"
    for name in ComparisonResult.files {
      #expect(try text(first, name) == text(small.directory + "/2", name), "\(name)")
    }
    let rows = try text(first, "results.csv").split(separator: "\n")
    #expect(
      rows.first
        == "recipe,seed,variant,status,steps,before,after,normalised,normalised_from_zero,kl,loss")
    #expect(
      rows.dropFirst().map { $0.split(separator: ",").prefix(5).joined(separator: ",") } == [
        "recipe,1,beta=0,finished,9", "recipe,1,beta=0.5,finished,9",
        "recipe,2,beta=0,finished,9", "recipe,2,beta=0.5,finished,9",
      ])
    // Four runs of nine steps, each with its warm start as step 0.
    #expect(try text(first, "curves.csv").split(separator: "\n").count == 1 + 4 * 10)

    let events = Mutex<[(run: String, wasThere: Bool)]>([])
    let again = try Comparison(
      study, output: first, jobs: 2,
      report: { event in
        switch event {
        case .ended(let run, _, _, let wasThere):
          events.withLock { $0.append(("\(run.seed) \(run.variant)", wasThere)) }
        case .stepped(let run, _, _): Issue.record("\(run) was made again")
        case .warmStarted, .warning: break
        }
      })
    let result = try await again.run()
    #expect(events.withLock { $0.map(\.wasThere) } == [true, true, true, true])
    #expect(try result.resultsCSV == text(first, "results.csv"))
    #expect(try result.curvesCSV == text(first, "curves.csv"))
  }

  @Test func variantsStartFromOneWarmStartAndDifferAfterwards() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let output = small.directory + "/out"
    let result = try await Comparison(study(small), output: output, jobs: 2).run()
    for seed in [1, 2] {
      let runs = result.runs.filter { $0.seed == seed }
      #expect(runs.count == 2)
      #expect(runs[0].before == runs[1].before)
      // The first draws are the same too; the penalty is 0 until the policy has moved.
      #expect(runs[0].steps[0].reward == runs[1].steps[0].reward)
      #expect(runs[0].steps != runs[1].steps)
      // The trained model's accuracy is that of the last evaluation while training.
      #expect(runs.allSatisfy { $0.after == $0.steps.last?.accuracy })
    }
    let weights = { (seed: Int) in
      try Files.read(
        "\(output)/recipe/seed-\(seed)/warm-start/model/model.safetensors", maximumBytes: 1 << 24)
    }
    #expect(try weights(1) != weights(2))
  }

  @Test func aStoppedComparisonEndsWithTheSameBytes() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let study = try study(small)
    let whole = try await Comparison(study, output: small.directory + "/whole", jobs: 2).run()
    let output = small.directory + "/parts"
    let steps = Mutex(0)
    let stopping = try Comparison(
      study, output: output, jobs: 1,
      report: { event in
        if case .stepped = event { steps.withLock { $0 += 1 } }
      },
      // Within the second of four runs.
      isCancelled: { steps.withLock { $0 } >= 12 })
    let error = await #expect(throws: ComparisonError.self) { _ = try await stopping.run() }
    guard case .stopped(done: 1, of: 4, what: "runs")? = error else {
      Issue.record("\(error.map(String.init(describing:)) ?? "no error")")
      return
    }
    let rest = try await Comparison(study, output: output, jobs: 2).run()
    #expect(rest == whole)
  }

  /// Makes the gains of the last normalisation 3.4e38.
  private func overflow(_ path: String) throws {
    var bytes = try Files.read(path, maximumBytes: 1 << 24)
    // The first eight bytes are the header's length, little end first.
    let start = 8 + bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSON(parsing: Array(bytes[8..<start]), file: path)
    let ends = try #require(header["model.norm.weight"]?["data_offsets"]?.array).compactMap(\.int)
    for offset in stride(from: start + ends[0], to: start + ends[1], by: 4) {
      bytes.replaceSubrange(offset..<offset + 4, with: [0xFF, 0xFF, 0x7F, 0x7F])
    }
    try Files.writeAtomically(bytes, to: path)
  }

  @Test func aRunWhoseNumbersOverflowIsAResult() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let study = try study(small)
    let output = small.directory + "/out"
    // The warm start of seed 2 with gains so large that its logits overflow.
    let start = try Recipe(
      contentsOf: study.recipes[0],
      overrides: study.settings + [.seed(2), .output(output + "/recipe/seed-2")])
    try await TrainingRun(start, threads: 1).runWarmStart()
    try overflow(output + "/recipe/seed-2/warm-start/model/model.safetensors")
    // Whose hash is known there.
    try FileManager.default.removeItem(atPath: output + "/recipe/seed-2/MANIFEST.json")
    let result = try await Comparison(study, output: output, jobs: 2).run()
    #expect(result.runs.map(\.status) == [.finished, .finished, .failed, .failed])
    for run in result.runs.suffix(2) {
      #expect(run.before == nil)
      #expect(run.after == 0)
      #expect(run.steps.isEmpty)
    }
    let row = result.row("beta=0", recipe: nil)
    #expect(row.count == 2 && row.failed == 1)
    #expect(result.resultsCSV.contains("recipe,2,beta=0,failed,0,,0.0,,"))
    let again = try await Comparison(
      study, output: output, jobs: 1,
      report: { event in
        if case .stepped(let run, _, _) = event { Issue.record("\(run) was made again") }
      }
    ).run()
    #expect(again == result)
  }

  @Test func aRunThatCannotBeMadeIsARowAndTheOthersGoOn() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    var study = try study(small)
    study.seeds = [1]
    // There is no such program.
    let broken = Study.Variant(
      name: "broken",
      settings: [try #require(RecipeOverride(assignment: "rewards=[{ command: [./none.sh] }]"))])
    study.variants.insert(broken, at: 1)
    let output = small.directory + "/out"
    let result = try await Comparison(study, output: output, jobs: 1).run()
    #expect(result.runs.map(\.status) == [.finished, .error, .finished])
    #expect(result.missing.map(\.name) == ["recipe, seed 1, broken"])
    let reason = try #require(result.runs[1].reason)
    #expect(reason.hasPrefix("reward 'none': cannot start: ./none.sh: "))
    let row = result.row("broken", recipe: "recipe")
    #expect(row.count == 1 && row.failed == 1)
    #expect(row.before == nil && row.after == nil && row.gain == nil)
    #expect(row.metrics.allSatisfy { $0 == nil } && row.scores.allSatisfy { $0 == nil })
    let table = result.resultsCSV.split(separator: "\n")
    #expect(table[0].hasSuffix(",kl,loss,reason"))
    #expect(table[2].hasPrefix("recipe,1,broken,error,0,"))
    #expect(table[2].contains(reason))
    #expect(table[1].hasSuffix(","))
    let series = try #require(result.learningCurves.charts.first?.series)
    #expect(series.map(\.points.isEmpty) == [false, true, false])
    #expect(result.learningCurves.svg.contains("broken"))

    // Mended, it is made; the others are found.
    try small.write("none.sh", "")
    study.variants[1].settings = []
    let made = Mutex<Set<String>>([])
    let again = try await Comparison(
      study, output: output, jobs: 2,
      report: { event in
        if case .stepped(let run, _, _) = event { made.withLock { _ = $0.insert(run) } }
      }
    ).run()
    #expect(made.withLock { $0 } == ["recipe, seed 1, broken"])
    #expect(again.missing.isEmpty)
  }

  @Test func withoutAWarmStartAllItsRunsAreMissing() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let study = try study(small)
    let result = try await Comparison(
      study, output: small.directory + "/out", jobs: 2,
      perform: { task, report, isCancelled in
        if task.stage == .warmStart, "\(task.encoded)".contains("seed-2") {
          throw ComparedRun.Problem(.crashed, "ended by SIGILL")
        }
        try await task.perform(report: report, isCancelled: isCancelled)
      }
    ).run()
    #expect(result.runs.map(\.status) == [.finished, .finished, .crashed, .crashed])
    #expect(
      result.missing.map(\.reason) == Array(repeating: "warm start: ended by SIGILL", count: 2))
  }

  @Test func aTaskIsTheSameInAnotherProcess() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let study = try study(small)
    let whole = try await Comparison(study, output: small.directory + "/a", jobs: 2).run()
    let sent = try await Comparison(
      study, output: small.directory + "/b", jobs: 2,
      perform: { task, report, isCancelled in
        let received = try #require(ComparisonTask(decoding: task.encoded))
        try await received.perform(report: report, isCancelled: isCancelled)
      }
    ).run()
    #expect(whole == sent)
    #expect(ComparisonTask(decoding: ["stage": "run", "recipe": "a.yaml"]) == nil)
  }

  @Test func anotherStudyInTheSameDirectoryIsRefused() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    var study = try study(small)
    study.seeds = [1]
    let output = small.directory + "/out"
    _ = try await Comparison(study, output: output, jobs: 2).run()
    study.variants[0].settings.append(
      try #require(RecipeOverride(assignment: "train.epsilon=0.3")))
    let other = try Comparison(study, output: output, jobs: 2)
    let error = await #expect(throws: ComparisonError.self) { _ = try await other.run() }
    #expect("\(try #require(error))".contains("train.epsilon: differs (got 0.3; need 0.2)"))
  }
}

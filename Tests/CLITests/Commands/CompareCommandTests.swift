import Formats
import Foundation
import TestSupport
import Testing

@Suite struct CompareCommandTests {
  private static let axis = ["--vary", "train.beta=0,0.5", "--seeds", "1,2"]

  @Test func theTableHasARowForEachVariant() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      ["compare", "recipe.yaml"] + Self.axis + ["--metric", "kl", "--output", "out"], in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.outputLines.filter { !$0.hasPrefix("check  ") }
    #expect(lines[0].contains(#/^recipe, 2 seeds +before, % +after, % +gain +kl$/#))
    #expect(lines[1].contains(#/^beta=0 .* ± .* ± .* ± .* –$/#))
    #expect(lines[2].contains(#/^beta=0\.5 .* ± .* ± .* ± .* ± /#))
    #expect(lines[3].contains(#/^paired differences +after, points$/#))
    let difference =
      #/beta=0\.5 − beta=0 +[+-][\d.]+( with each of 2 seeds| \(95 %: .+ to .+\), 2 seeds)/#
    #expect(lines[4].wholeMatch(of: difference) != nil, "\(lines[4])")
    #expect(
      lines[5] == "± and the band of curves.svg: one standard error of the mean over 2 seeds")
    #expect(
      lines.last == "files  out/results.csv  out/differences.csv  out/curves.csv  out/curves.svg")
    let curves = try folder.text("out/curves.svg")
    #expect(curves.contains(">band: mean ± standard error over 2 seeds; thin lines: single seeds<"))
    for label in ["reward", "kl"] { #expect(curves.contains(">\(label)<"), "\(label)") }
    #expect(outcome.errors.contains("warm start  2 of 2: recipe, seed "))
    #expect(outcome.errors.contains("4 of 4: recipe, seed "))
    for run in ["seed-1/beta=0", "seed-2/beta=0.5"] {
      #expect(folder.exists("out/recipe/\(run)/model/model.safetensors"))
      // Checkpoints are only for going on.
      #expect(!folder.exists("out/recipe/\(run)/checkpoints"))
    }
    let again = try await GrpoProgram.run(
      ["compare", "recipe.yaml"] + Self.axis + [
        "--metric", "kl", "--output", "out", "--jobs", "1",
      ],
      in: folder)
    #expect(again.output == outcome.output)
    #expect(again.errors.split(separator: "\n").count { $0.contains("found  ") } == 4)
  }

  @Test func findingsOfRunsStandInEveryTable() async throws {
    let folder = try Workspace()
    try folder.edit(
      "  - { name: regex, pattern: \"1\" }", "  - { name: contains, text: nowhere }")
    try folder.edit("  - { name: exact_match, weight: 0.5 }\n", "")
    let words = ["compare", "recipe.yaml", "--seeds", "1", "--vary", "train.beta=0,0.5", "-q"]
    let table = try await GrpoProgram.run(words + ["--output", "out"], in: folder)
    #expect(table.status == 0, "\(table.errors)")
    for variant in ["beta=0", "beta=0.5"] {
      #expect(
        table.outputLines.contains {
          $0.hasPrefix(
            "check   recipe, \(variant), 1 of 1: steps 1 to 8: 100 % of completions have")
            && $0.contains("warm-start longer")
        }, "\(table.output)")
    }
    let rows = try folder.text("out/results.csv").split(separator: "\n")
    #expect(rows[0].hasSuffix(",findings"))
    #expect(rows[1].contains("equal_rewards"))
    let again = try await GrpoProgram.run(words + ["--output", "out", "--json"], in: folder)
    let json = try JSON(parsing: Array(again.output.utf8), file: "table")
    let findings = try #require(json["findings"]?.array)
    #expect(findings.map { $0["variant"]?.string } == ["beta=0", "beta=0.5"])
    #expect(findings[0]["findings"]?.array?.first?["name"] == "equal_rewards")
  }

  @Test func aRunThatIsToldToStopIsARowAndTheOthersGoOn() async throws {
    let folder = try Workspace()
    try await folder.writeExecutable(
      "stop.py",
      """
      #!/usr/bin/env python3
      import json, os, signal, sys
      isTold = False
      for line in sys.stdin:
          request = json.loads(line)
          if request["step"] >= 2 and not isTold:
              isTold = True
              os.kill(os.getppid(), signal.SIGTERM)
          print(json.dumps({"id": request["id"], "rewards": [0.5] * len(request["completions"])}),
                flush=True)
      """)
    try folder.write(
      "study.yaml",
      "recipes: [recipe.yaml]\nseeds: [1]\nvariants:\n  whole: {}\n"
        // Longer than a signal ever takes to arrive.
        + "  stopped: { train.outer_iterations: 100000, rewards: [{ command: [./stop.py] }] }\n")
    let outcome = try await GrpoProgram.run(
      "compare", "study.yaml", "--output", "out", "-q", in: folder)
    #expect(
      outcome.problems.first?.contains("1 of 2 runs failed; recipe, seed 1, stopped: ") == true,
      "\(outcome.errors)")
    #expect(outcome.outputLines.contains { $0.hasPrefix("whole ") && $0.hasSuffix("0 of 1") })
    #expect(
      outcome.outputLines.contains {
        $0.hasPrefix("failed  recipe, seed 1, stopped: the program that made it was told to stop")
      }, "\(outcome.output)")
    #expect(folder.exists("out/results.csv"))
  }

  @Test func aWarningOfEveryVariantIsPrintedOnce() async throws {
    let folder = try Workspace()
    try folder.edit(
      "  beta: 0.01\n", "  beta: 0.01\n  lr_scheduler_type: constant\n  min_lr_ratio: 0.5\n")
    func warnings(_ axis: String, _ output: String) async throws -> [Substring] {
      let outcome = try await GrpoProgram.run(
        "compare", "recipe.yaml", "--seeds", "1", "--vary", axis, "--output", output, in: folder)
      #expect(outcome.status == 0, "\(outcome.errors)")
      // What a step shows of so small a run is no matter of its recipe.
      return outcome.errors.split(separator: "\n").filter {
        $0.hasPrefix("warning:") && !$0.contains(": step ")
      }
    }
    let all = try await warnings("train.beta=0.01,0.02", "all")
    #expect(all.count == 1 && all[0].hasPrefix("warning: ") && !all[0].contains("beta="))
    let one = try await warnings("train.lr_scheduler_type=constant,linear", "one")
    #expect(one.count == 1 && one[0].hasPrefix("warning: lr_scheduler_type=constant: "))
  }

  @Test func aStudyIsOneFileAndTheCommandLineGoesBeforeIt() async throws {
    let folder = try Workspace()
    try folder.write("other.yaml", folder.text("recipe.yaml"))
    try folder.write(
      "study.yaml",
      """
      recipes: [recipe.yaml, other.yaml]
      seeds: [1, 2, 3]
      metrics: [entropy]
      variants:
        plain: {}
        strong: { train.beta: 0.5 }
      """)
    let outcome = try await GrpoProgram.run(
      "compare", "study.yaml", "--seeds", "4", "--output", "out", "--json", "-q", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").allSatisfy { $0.hasPrefix("{\"warning\":") })
    let json = try JSON(parsing: Array(outcome.output.utf8), file: "table")
    let recipes = try #require(json["recipes"]?.array)
    #expect(recipes.map { $0["name"]?.string } == ["recipe", "other"])
    let variants = try #require(recipes[0]["variants"]?.array)
    #expect(variants.map { $0["name"]?.string } == ["plain", "strong"])
    #expect(variants.map { $0["runs"]?.int } == [1, 1])
    #expect(variants[0]["after"]?["mean"]?.double != nil)
    #expect(variants[0]["after"]?["stderr"]?.isNull == true)
    #expect(variants[0]["metrics"]?["entropy"]?["mean"]?.double != nil)
    // Two recipes that are the same recipe have the same runs.
    #expect(
      recipes[1]["variants"]?.array?[1]["after"]?["mean"]?.double
        == variants[1]["after"]?["mean"]?.double)
    #expect(json["all"]?.array?.map { $0["runs"]?.int } == [2, 2])
    #expect(folder.exists("out/other/seed-4/strong/model"))
    let text = try await GrpoProgram.run(
      "compare", "study.yaml", "--seeds", "4", "--output", "out", "-q", in: folder)
    #expect(text.outputLines.contains { $0.hasPrefix("all 2 recipes ") })
    #expect(
      text.outputLines.contains {
        $0.hasPrefix("strong − plain ") && $0.hasSuffix(", 1 seed") && !$0.contains("95 %")
      }, "\(text.output)")
    #expect(
      text.outputLines.contains(
        "one seed says nothing about the spread between seeds (use --seeds)"))
    // Of each recipe and of both, by accuracy, reward and the metric.
    let differences = try #require(json["differences"]?.array)
    #expect(differences.count == 9)
    #expect(differences.map { $0["recipe"]?.string }.suffix(1) == [nil])
    #expect(differences[2]["quantity"] == "entropy" && differences[2]["baseline"] == "plain")
    #expect(differences.allSatisfy { $0["seeds"]?.int == 1 && $0["interval"]?.isNull == true })
  }

  @Test func ofManyVariantsDifferencesFromTheFirstAreShown() async throws {
    let folder = try Workspace()
    let words = [
      "compare", "recipe.yaml", "--vary", "train.beta=0,0.1,0.2,0.3,0.5", "--seeds", "1,2",
      "--set", "train.outer_iterations=1", "--output", "out", "-q",
    ]
    let outcome = try await GrpoProgram.run(words, in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let shown = outcome.outputLines.filter { $0.contains(" − ") }
    #expect(
      shown.compactMap { $0.firstMatch(of: #/^\S+ − \S+/#).map { String($0.output) } } == [
        "beta=0.1 − beta=0", "beta=0.2 − beta=0", "beta=0.3 − beta=0", "beta=0.5 − beta=0",
      ])
    #expect(
      outcome.outputLines.contains(
        "only differences from the first variant are shown; differences.csv and --json have all pairs"
      ))
    // Ten pairs, by accuracy and by reward.
    #expect(try folder.text("out/differences.csv").split(separator: "\n").count == 1 + 20)
  }

  @Test(arguments: [
    (
      ["recipe.yaml", "--seeds", "1", "--seeds", "1"], 64,
      "--seeds: got 1,1; need different numbers"
    ),
    (["recipe.yaml", "--vary", "train.betta=1,2"], 78, "--vary train.betta: unknown key"),
    (
      ["recipe.yaml", "--vary", "train.beta=0,0.1", "--vary", "train.beta=0.2"], 78,
      "--vary train.beta: is varied twice"
    ),
    (
      ["recipe.yaml", "--vary", "train.beta=0,0.1", "--set", "train.beta=0.5"], 78,
      "--set train.beta: has no effect, as --vary train.beta sets it"
    ),
    (["recipe.yaml", "--set", "seed=5"], 78, "(need --seeds)"),
    (["recipe.yaml", "--vary", "model.hidden_size=8,16"], 78, "cannot differ between variants"),
    (["recipe.yaml", "--set", "train=null"], 78, "train: is missing"),
    (["none.yaml"], 66, "none.yaml: no such file"),
    ([], 64, "nothing to compare"),
    (["recipe.yaml", "--vary", "train.beta"], 64, "need key=value,value"),
    (["recipe.yaml", "--seeds", "1,1"], 64, "need different numbers"),
    (["recipe.yaml", "--steps", "4"], 64, "(need --set train.steps=4)"),
    (["recipe.yaml", "--jobs", "0"], 64, "--jobs: got 0; need 1 to 256"),
    (["recipe.yaml", "--variants", "study.yaml"], 78, "study.yaml:1: a: train.betta: unknown key"),
  ])
  func mistakesAreOneLineAndAStatus(
    arguments: [String], status: Int32, problem: String
  ) async throws {
    let folder = try Workspace()
    try folder.write("study.yaml", "a: { train.betta: 1 }\n")
    let outcome = try await GrpoProgram.run(
      ["compare"] + arguments + ["--output", "out"], in: folder)
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.first?.contains(problem) == true, "\(outcome.problems)")
    #expect(outcome.output.isEmpty)
    #expect(!folder.exists("out/results.csv"))
  }

  @Test func aTableThatCannotBeWrittenIsFoundOutBeforeTheRuns() async throws {
    let folder = try Workspace()
    try FileManager.default.createDirectory(
      atPath: folder["out/results.csv"], withIntermediateDirectories: true)
    let outcome = try await GrpoProgram.run(
      "compare", "recipe.yaml", "--seeds", "1", "--output", "out", in: folder)
    #expect(outcome.status == 73, "\(outcome.errors)")
    #expect(outcome.problems.first?.contains("out/results.csv: is a directory") == true)
    #expect(!folder.exists("out/recipe"))
  }

  @Test func aRunThatFailsOrCrashesIsARowThatSaysSo() async throws {
    let folder = try Workspace()
    try folder.write(
      "study.yaml",
      """
      recipes: [recipe.yaml]
      seeds: [1]
      variants:
        fails: { rewards: [{ command: [./none.sh] }] }
        works: {}
        crashes: { rewards: [exact_match, { python: "crash.py:score" }] }
      """)
    // Ends the process that asks for scores, as a mistake of the program would.
    try folder.write(
      "crash.py",
      """
      import os, signal
      def score(completions, **kwargs):
          os.kill(os.getppid(), signal.SIGILL)
          return [0.0] * len(completions)
      """)
    let outcome = try await GrpoProgram.run(
      "compare", "study.yaml", "--output", "out", in: folder)
    #expect(outcome.status == 69, "\(outcome.errors)")
    let lines = outcome.outputLines
    #expect(lines[0].hasSuffix("failed"))
    #expect(lines[1].contains(#/^fails +– +– +– +1 of 1$/#), "\(lines[1])")
    #expect(lines[2].contains(#/^works .* 0 of 1$/#), "\(lines[2])")
    // A run that is missing differs from nothing.
    #expect(lines[4].hasPrefix("one seed says nothing about the spread"))
    #expect(lines[3].contains(#/^crashes +– +– +– +1 of 1$/#), "\(lines[3])")
    #expect(
      lines[5].hasPrefix("failed  recipe, seed 1, fails: exit 69: reward 'none': cannot start: "))
    #expect(
      lines[6] == "failed  recipe, seed 1, crashes: the program that made it was ended by SIGILL")
    #expect(
      outcome.problems.last?.hasPrefix(
        "error: 2 of 3 runs failed; recipe, seed 1, fails: exit 69: reward 'none'") == true)
    #expect(
      outcome.problems.contains {
        $0.hasPrefix("error: internal: the program crashed with SIGILL; ")
      }, "\(outcome.errors)")
    let table = try folder.text("out/results.csv").split(separator: "\n")
    #expect(
      table.map { $0.split(separator: ",")[3] } == ["status", "error", "finished", "crashed"])
    let json = try await GrpoProgram.run(
      "compare", "study.yaml", "--output", "out", "--json", "-q", in: folder)
    let failures = try JSON(parsing: Array(json.output.utf8), file: "table")["failures"]?.array
    #expect(failures?.map { $0["status"]?.string } == ["error", "crashed"])
  }

  @Test func theOutputIsNamedAfterTheRecipe() async throws {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run(
      "compare", "recipe.yaml", "--seeds", "1", "--vary", "train.beta=0,0.5", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("output      runs/recipe\n"))
    #expect(folder.exists("runs/recipe/results.csv"))
    #expect(outcome.outputLines.last?.hasPrefix("files  runs/recipe/results.csv") == true)
    // Where recipes keep their own runs, too: neither stands in the other's way.
    let run = try await GrpoProgram.run(
      "run", "recipe.yaml", "-q", "--output", "runs/recipe", in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let again = try await GrpoProgram.run(
      "compare", "recipe.yaml", "--seeds", "1", "--vary", "train.beta=0,0.5", in: folder)
    #expect(again.output == outcome.output)
  }

  @Test func aStoppedComparisonGoesOnWhereItWas() async throws {
    let folder = try Workspace()
    try await folder.writeExecutable(
      "wait.sh",
      """
      #!/bin/sh
      while read -r line; do
        id=${line#*'"id":'}
        case "$line" in
        *'"completions":[],'*) echo '{"rewards": []}'; continue ;;
        *'"step":3,'*)
          touch waiting
          while [ ! -e go ]; do sleep 0.01; done
          ;;
        esac
        echo '{"rewards": [0, 0, 0, 0, 0, 0, 0, 0], "id":' "${id%%,*}}"
      done

      """)
    try folder.addPlugin("./wait.sh")
    let words = ["compare", "recipe.yaml", "--seeds", "1,2", "--output", "out", "--jobs", "1"]
    let streams = try GrpoProgram.Streams(in: folder)
    let process = try await GrpoProgram.start(
      words, in: folder.path, output: streams.output, errors: streams.errors)
    try await GrpoProgram.waitUntil(of: process) { folder.exists("waiting") }
    process.send(SIGINT)
    try await GrpoProgram.waitUntil(of: process) {
      try streams.outcome(status: 0).errors.contains("  stopping  ")
    }
    try folder.write("go", "")
    let stopped = try streams.outcome(status: try await GrpoProgram.end(process))
    #expect(stopped.status == 75)
    #expect(stopped.output.isEmpty)
    #expect(stopped.errors.contains("\nstopped with 0 of 2 runs done; unfinished ones are saved\n"))
    #expect(stopped.help?.hasSuffix("/grpo \(words.joined(separator: " "))") == true)
    let resumed = try await GrpoProgram.run(words, in: folder)
    #expect(resumed.status == 0, "\(resumed.errors)")
    let whole = try await GrpoProgram.run(
      "compare", "recipe.yaml", "--seeds", "1,2", "--output", "whole", in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    for file in ["results.csv", "differences.csv", "curves.csv", "curves.svg"] {
      #expect(try folder.bytes("out/\(file)") == folder.bytes("whole/\(file)"), "\(file)")
    }
  }
}

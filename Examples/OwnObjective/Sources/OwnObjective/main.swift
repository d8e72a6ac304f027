import Foundation
import Recipes
import Training

// swift run OwnObjective RECIPE.yaml: any recipe, with an objective and an advantage of our own.
guard CommandLine.arguments.count == 2 else {
  print("usage: OwnObjective RECIPE.yaml")
  exit(64)
}
let recipe = try Recipe(contentsOf: CommandLine.arguments[1])
let run = try TrainingRun(
  recipe, threads: 2, objective: RatioPenalty(stiffness: 1), advantage: TopHalfAdvantage(),
  report: { event in
    guard case .step(let step, let total, let metrics) = event else { return }
    print("step \(step) of \(total): reward \(metrics["reward"]?.double ?? 0)")
  })
let summary = try await run.runAll()
print(summary.run.model)

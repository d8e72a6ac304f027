import Foundation
import Recipes
import Training

// swift run OwnObjective RECIPE.yaml: any recipe, with an objective and an advantage of our own.
guard CommandLine.arguments.count == 2 else {
  print("usage: OwnObjective RECIPE.yaml")
  exit(64)
}
do {
  let recipe = try Recipe(contentsOf: CommandLine.arguments[1])
  let run = try TrainingRun(
    recipe, threads: 2, objective: RatioPenalty(stiffness: 1), advantage: TopHalfAdvantage(),
    report: { event in
      switch event {
      case .found(.train, let model): print("\(model): is trained already; nothing to do")
      case .step(let step, let total, let metrics):
        print("step \(step) of \(total): reward \(metrics["reward"]?.double ?? 0)")
      default: break
      }
    })
  print(try await run.runAll().run.model)
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}

import Foundation
import Recipes
import Rewards
import Sampling
import Training

// swift run Embedding MODEL DATA.jsonl PROMPT.txt: a model directory, questions, a prompt template.
let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3, let model = arguments.first else {
  print("usage: Embedding MODEL DATA.jsonl PROMPT.txt")
  exit(64)
}

func show(_ directory: String) throws {
  let policy = try Policy(directory: directory)
  let options = SamplingOptions(maximumTokens: 8, eosIDs: policy.eosIDs)
  let sampler = TextSampler(policy, options: options, threads: 2)
  for completion in try sampler.complete("12+34=", count: 4) {
    print("12+34=\(completion.text)")
  }
}

var recipe = Recipe()
recipe.output = "runs/embedding"
recipe.data.train = arguments[2]
recipe.prompt = arguments[3]
recipe.model = .directory(model)
recipe.tokenizer = .file(model + "/tokenizer.model")
var train = Recipe.Train(algorithm: .grpo, maxCompletionTokens: 8)
(train.questionsPerStep, train.stepsPerIteration) = (16, 10)
train.optimizer.learningRate = 1e-4
recipe.train = train

do {
  try show(model)
  let right = ClosureReward("right") { $0.text == $0.answer ? 1 : 0 }
  var spent = 0.0
  let run = try TrainingRun(
    recipe.validated(), threads: 2, rewards: [.init(right)],
    report: { event in
      switch event {
      case .found(.train, let model): print("\(model): is trained already; nothing to do")
      case .step(let step, _, let metrics):
        spent += metrics["step_time"]?.double ?? 0
        print("step \(step): reward \(metrics["reward"]?.double ?? 0)")
      default: break
      }
    },
    isCancelled: { spent > 60 })  // after a minute; what is done is saved, and goes on next time
  let summary = try await run.runTraining(resume: true)
  try show(summary.run.model)
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}

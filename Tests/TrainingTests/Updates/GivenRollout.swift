import LanguageModel
import Sampling
import Training

extension Rollout {
  /// Completions that are given, with the log-probs that a trainer's policy as it is has for them.
  init(
    step: Int, given questions: [TokenBatch.Question], rewards: [[Double?]],
    under trainer: PolicyTrainer
  ) {
    let batch = TokenBatch(questions)
    let forward = trainer.engine.forward(trainer.policy, batch, temperature: 1, keep: true)
    var ranges = batch.completionRanges.makeIterator()
    let drawn = questions.map { question in
      question.completions.map { completion in
        let range = ranges.next() ?? 0..<0
        return SampledCompletion(
          tokens: completion.tokens, logProbs: Array(forward.logProbs[range]),
          entropies: Array(forward.entropies[range]))
      }
    }
    self.init(
      step: step,
      requests: questions.enumerated().map { Sampler.Request(prompt: $1.prompt, row: $0) },
      drawn: Sampler.Result(completions: drawn, kept: forward.kept), rewards: rewards)
  }
}

internal import Kernels
internal import LanguageModel
internal import Sampling

/// What the trainer makes of the sampler's log-probs, from the token ids alone.
///
/// One completion in sixteen, chosen by key, is computed again where activations are kept, else every
/// one.
struct SamplerCheck {
  /// The largest difference: 0 where all is well.
  let maximum: Float
  let mean: Double
  let tokenCount: Int

  init(_ rollout: Rollout, policy: Parameters, engine: Engine, temperature: Double, draws: Draws) {
    var recorded: [Float] = []
    var checked: [TokenBatch.Question] = []
    for (request, samples) in zip(rollout.requests, rollout.drawn.completions) {
      let chosen = samples.indices.filter { sample in
        rollout.drawn.kept == nil
          || draws.key.bits(
            step: draws.step, row: request.row, sample: request.firstSample + sample, position: 0)
            % 16 == 0
      }
      if chosen.isEmpty { continue }
      recorded += chosen.flatMap { samples[$0].logProbs }
      checked.append(
        TokenBatch.Question(
          prompt: request.prompt,
          completions: chosen.map { TokenBatch.Completion(samples[$0]) }))
    }
    let found = engine.forward(
      policy, TokenBatch(checked), temperature: Float(temperature), keep: false
    ).logProbs
    let differences = zip(recorded, found).map { abs($0 - $1) }
    let sum = differences.reduce(0.0) { $0 + Double($1) }
    maximum = differences.max() ?? 0
    mean = differences.isEmpty ? 0 : sum / Double(differences.count)
    tokenCount = differences.count
  }
}

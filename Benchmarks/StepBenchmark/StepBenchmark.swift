import Foundation
import Kernels
import LanguageModel
import PolicyOptimization
import Sampling
import Training

/// Times GRPO steps of a randomly initialised policy.
@main struct StepBenchmark {
  static func main() async throws {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    let shape = options.shape
    let configuration = ModelConfiguration(
      vocabularySize: shape[5], hiddenSize: shape[0], layers: shape[1], attentionHeads: shape[2],
      keyValueHeads: shape[3], intermediateSize: shape[4], maximumPositions: 512)
    let model = Model(configuration, seed: 0)
    let engine = Engine(
      configuration, workers: Workers(count: options.threads), activationBytes: 4 << 30)
    let trainer = PolicyTrainer(
      engine: engine, policy: model.parameters,
      settings: PolicyTrainer.Settings(
        objective: PolicyObjective(klPenalty: KLPenalty(coefficient: 0.04)),
        advantage: GroupRelativeAdvantage(),
        update: .adam(
          AdamUpdate.Settings(
            schedule: LearningRateSchedule(peak: 1e-4, totalUpdates: 1_000_000),
            adam: AdamW.Coefficients(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0),
            maximumGradientNorm: 1)), usesReference: true))
    // No id ends a completion.
    let sampler = Sampler(
      engine: engine,
      options: SamplingOptions(maximumTokens: options.completion, eosIDs: []))
    let draws = RandomKey(seed: 0, purpose: .sampling)
    var (whole, sampling): ([Double], [Double]) = ([], [])
    for step in 0...options.steps {
      let requests = (0..<options.questions).map { question in
        // The number of tokens of "Q: 12+34=? A:" in characters, and the beginning of sequence.
        let prompt = (0..<14).map {
          $0 == 0
            ? 1 : 3 + Int(draws.bits(step: step, row: question, sample: 0, position: -$0) % 20)
        }
        return Sampler.Request(prompt: prompt, row: question)
      }
      let start = DispatchTime.now().uptimeNanoseconds
      let drawn = try sampler.sample(
        model.parameters, requests, completions: options.generations,
        draws: Draws(key: draws, step: step), keep: true)
      let between = DispatchTime.now().uptimeNanoseconds
      let batch = TokenBatch(
        zip(requests, drawn.completions).map { request, samples in
          TokenBatch.Question(
            prompt: request.prompt, completions: samples.map { .init(tokens: $0.tokens) })
        })
      let samples = drawn.completions.flatMap { $0 }
      _ = try await trainer.step(
        PolicyTrainer.Rollouts(
          step: step, batch: batch,
          groups: RewardGroups(
            scores: drawn.completions.map { $0.map { Double($0.tokens[0] % 7) } },
            tokenCounts: drawn.completions.map { $0.map(\.tokens.count) }),
          mask: Array(repeating: true, count: batch.tokenCount),
          sampled: (samples.flatMap(\.logProbs), samples.flatMap(\.entropies)),
          kept: drawn.kept))
      let end = DispatchTime.now().uptimeNanoseconds
      if step == 0 { continue }  // memory is taken in the first
      whole.append(Double(end - start) * 1e-9)
      sampling.append(Double(between - start) * 1e-9)
    }
    whole.sort()
    sampling.sort()
    let median = whole[whole.count / 2]
    let tokens = options.questions * options.generations * options.completion
    print(
      String(
        format: """
          step_seconds_median: %.4f (min %.4f, max %.4f, %d steps)
          sampling_seconds_median: %.4f
          completion_tokens_per_second: %.0f
          peak_megabytes: %.0f
          threads: %d
          """, median, whole[0], whole[whole.count - 1], whole.count,
        sampling[sampling.count / 2], Double(tokens) / median, peakMegabytes(), options.threads))
  }

  private static func peakMegabytes() -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (Double(line.split(separator: " ").dropFirst().first ?? "") ?? .nan) / 1024
  }
}

/// The options, each with a whole number or a list of them.
struct Options {
  var shape = [128, 4, 4, 4, 384, 512]
  var questions = 8
  var generations = 8
  var completion = 32
  var steps = 20
  var threads = ProcessInfo.processInfo.activeProcessorCount

  struct Misuse: Error, CustomStringConvertible {
    let description: String
  }

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      let values = (rest.popFirst() ?? "").split(separator: ",").compactMap { Int($0) }
      guard let value = values.first, values.allSatisfy({ $0 > 0 }) else {
        throw Misuse(description: "\(name): need a whole number from 1")
      }
      switch name {
      case "--shape" where values.count == 6: shape = values
      case "--questions": questions = value
      case "--generations": generations = value
      case "--completion": completion = value
      case "--steps": steps = value
      case "--threads": threads = value
      default: throw Misuse(description: "\(name): no such option, or not six numbers")
      }
    }
  }
}

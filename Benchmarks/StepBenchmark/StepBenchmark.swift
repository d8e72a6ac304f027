import ArgumentParser
import Foundation
import Kernels
import LanguageModel
import PolicyOptimization
import Recipes
import Sampling
import Training

/// Times GRPO steps of a randomly initialised policy.
@main struct StepBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step-benchmark", abstract: "Times GRPO steps of a randomly initialised policy.")

  @Option(
    help: ArgumentHelp(
      "The policy: hidden, layers, heads, kv heads, intermediate, vocabulary.",
      valueName: "h,l,h,k,i,v"),
    transform: Shape.init)
  var shape = Shape()

  @Option(help: "Questions of a step.")
  var questions = 8

  @Option(help: "Completions of each question.")
  var generations = 8

  @Option(help: "Tokens of a completion.")
  var completion = 32

  @Option(help: "Steps that are timed.")
  var steps = 20

  @Option(help: "Threads that compute. (default: one for each core)")
  var threads: Int?

  /// Tokens of a prompt: those of "Q: 12+34=? A:" in characters, and the beginning of sequence.
  private static let promptTokens = 14
  private static let context = 512

  func validate() throws {
    for (option, value, most) in [
      ("--questions", questions, 65536), ("--generations", generations, 4096),
      ("--completion", completion, Self.context - Self.promptTokens),
      ("--steps", steps, 1_000_000), ("--threads", threads ?? 1, 256),
    ] where !(1...most).contains(value) {
      throw ValidationError("\(option): got \(value); need 1 to \(most)")
    }
  }

  func run() async throws {
    let shape = shape.numbers
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let configuration = ModelConfiguration(
      vocabularySize: shape[5], hiddenSize: shape[0], layers: shape[1], attentionHeads: shape[2],
      keyValueHeads: shape[3], intermediateSize: shape[4], maximumPositions: Self.context)
    let model = Model(configuration, seed: 0)
    let engine = Engine(
      configuration, workers: Workers(count: threads), activationBytes: 4 << 30)
    var train = Recipe.Train()
    (train.stepsPerIteration, train.optimizer.learningRate) = (1, 1e-4)
    train.axes.objective = PolicyObjective(klPenalty: KLPenalty(coefficient: 0.04))
    let trainer = PolicyTrainer(
      engine: engine, policy: model.parameters,
      settings: PolicyTrainer.Settings(train, seed: 0))
    // No id ends a completion.
    let sampler = Sampler(
      engine: engine,
      options: SamplingOptions(maximumTokens: completion, eosIDs: []))
    let draws = RandomKey(seed: 0, purpose: .sampling)
    var (whole, sampling): ([Double], [Double]) = ([], [])
    for step in 0...steps {
      let requests = (0..<questions).map { question in
        let prompt = (0..<Self.promptTokens).map {
          $0 == 0
            ? 1 : 3 + Int(draws.bits(step: step, row: question, sample: 0, position: -$0) % 20)
        }
        return Sampler.Request(prompt: prompt, row: question)
      }
      let start = DispatchTime.now().uptimeNanoseconds
      let drawn = try sampler.sample(
        model.parameters, requests, completions: generations,
        draws: Draws(key: draws, step: step), keep: true)
      let between = DispatchTime.now().uptimeNanoseconds
      _ = try await trainer.step(
        Rollout(
          step: step, requests: requests, drawn: drawn,
          rewards: drawn.completions.map { $0.map { Double($0.tokens[0] % 7) } }))
      let end = DispatchTime.now().uptimeNanoseconds
      if step == 0 { continue }  // memory is taken in the first
      whole.append(Double(end - start) * 1e-9)
      sampling.append(Double(between - start) * 1e-9)
    }
    whole.sort()
    sampling.sort()
    let median = whole[whole.count / 2]
    let tokens = questions * generations * completion
    print(
      String(
        format: """
          step_seconds_median: %.4f (min %.4f, max %.4f, %d steps)
          sampling_seconds_median: %.4f
          completion_tokens_per_second: %.0f
          peak_megabytes: %.0f
          threads: %d
          """, median, whole[0], whole[whole.count - 1], whole.count,
        sampling[sampling.count / 2], Double(tokens) / median, Self.peakMegabytes(), threads))
  }

  private static func peakMegabytes() -> Double {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (Double(line.split(separator: " ").dropFirst().first ?? "") ?? .nan) / 1024
  }
}

/// What `--shape` says.
struct Shape {
  var numbers = [128, 4, 4, 4, 384, 512]

  init() {}

  init(_ text: String) throws {
    numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard numbers.count == 6, numbers.allSatisfy({ (1...65536).contains($0) }) else {
      throw ValidationError("got \(text); need six whole numbers from 1 to 65536")
    }
    let (hidden, heads, keyValueHeads) = (numbers[0], numbers[2], numbers[3])
    guard hidden % heads == 0, hidden / heads % 2 == 0, heads % keyValueHeads == 0 else {
      throw ValidationError(
        "got \(text); need heads that divide hidden into even parts, and kv heads that divide heads"
      )
    }
    guard numbers[5] >= 23 else { throw ValidationError("got \(text); need a vocabulary from 23") }
  }
}

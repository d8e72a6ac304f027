import Datasets
import Evaluation
import Formats
import Kernels
import Rewards
import Sampling

/// Draws completions of one prompt after the other and prints them.
final class CompletionWriter {
  private let loaded: LoadedModel
  private let sampler: TextSampler
  private let seed: UInt64
  private let samples: Int
  private let json: Bool
  /// Prompts so far: the number of a prompt keys its draws.
  private var count = 0

  init(
    model: String, threads: Int, sampling: SamplingArguments, samples: Int, json: Bool
  ) throws {
    loaded = try LoadedModel(model, workers: Workers(count: threads))
    sampler = try loaded.sampler(stop: sampling.stop, options: sampling.options)
    (seed, self.samples, self.json) = (UInt64(sampling.seed), samples, json)
  }

  /// - Parameter place: The file and line that errors name.
  func write(_ prompt: String, place: (file: String, line: Int)) throws {
    let ids = sampler.encode(prompt: prompt)
    guard ids.count < loaded.context else {
      throw TextSamplerError.promptTooLong(
        file: place.file, line: place.line, tokens: ids.count, context: loaded.context)
    }
    let row = count
    count += 1
    let question = Question(index: row, line: place.line, prompt: prompt, answer: nil, columns: [:])
    let longest = min(sampler.options.maximumTokens, loaded.context - ids.count)
    let atOnce = max(1, LoadedModel.rowsAtOnce / longest)
    for first in stride(from: 0, to: samples, by: atOnce) {
      let (drawn, completions) = try sampler.sample(
        loaded.parameters, [question],
        [Sampler.Request(prompt: ids, row: row, firstSample: first)],
        completions: min(atOnce, samples - first),
        draws: Draws(key: RandomKey(seed: seed, purpose: .sampling), step: 0))
      for (sample, completion) in zip(drawn.completions[0], completions[0]) {
        try StandardOutput.write(
          line: json
            ? JSON.object(Self.encoded(completion, sample, promptIDs: ids)).encoded()
            : completion.text.visible(keepingLines: true))
      }
    }
  }

  private static func encoded(
    _ completion: Completion, _ sample: SampledCompletion, promptIDs: [Int]
  ) -> JSONObject {
    [
      "prompt": .string(completion.prompt), "completion": .string(completion.text),
      "token_ids": .array(completion.tokenIDs.map { .integer($0) }),
      "logprobs": .array(sample.logProbs.map { .number(Double($0)) }),
      "finish_reason": .string(completion.finishReason.rawValue),
      "prompt_token_ids": .array(promptIDs.map { .integer($0) }),
    ]
  }
}

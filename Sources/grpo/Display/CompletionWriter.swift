import Formats
import Recipes
import Sampling
import Training

/// Draws completions of one prompt after the other and prints them.
final class CompletionWriter {
  private let sampler: TextSampler
  private let seed: UInt64
  private let samples: Int
  private let json: Bool
  /// Prompts so far: the number of a prompt keys its draws.
  private var count = 0

  init(
    model: String, threads: Int, sampling: SamplingArguments, recipe: Recipe?, samples: Int,
    json: Bool
  ) throws {
    sampler = sampling.sampler(of: try Policy(argument: model), recipe, threads: threads)
    seed = sampling.completion.seed(recipe)
    (self.samples, self.json) = (samples, json)
  }

  /// Completions that are drawn before the first of them is printed, at most.
  private static let atOnce = 1 << 10

  /// - Parameter place: The file and line that errors name.
  func write(_ prompt: String, place: (file: String, line: Int)) throws {
    let row = count
    count += 1
    do {
      for first in stride(from: 0, to: samples, by: Self.atOnce) {
        let completions = try sampler.complete(
          prompt, count: min(Self.atOnce, samples - first), seed: seed, row: row,
          firstSample: first)
        for completion in completions {
          try StandardOutput.write(
            line: json
              ? JSON.object(Self.encoded(completion, of: prompt)).encoded()
              : completion.text.visible(keepingLines: true))
        }
      }
    } catch var error as PromptError {
      error.place = place
      throw error
    }
  }

  private static func encoded(_ completion: TextSampler.DrawnText, of prompt: String) -> JSONObject
  {
    let drawn = completion.drawn
    return [
      "prompt": .string(prompt), "completion": .string(completion.text),
      "token_ids": .array(drawn.tokens.map { .integer($0) }),
      "logprobs": .array(drawn.logProbs.map { .number(Double($0)) }),
      "finish_reason": .string(drawn.stopped ? "stop" : "length"),
      "prompt_token_ids": .array(completion.promptIDs.map { .integer($0) }),
    ]
  }
}

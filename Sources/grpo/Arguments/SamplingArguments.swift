import ArgumentParser
import Recipes
import Sampling

/// How completions are drawn; what is not given is the recipe's, or else the usual.
struct SamplingArguments: ParsableArguments {
  static let drawsNothing = "with --temperature 0, which draws nothing"

  @Option(
    parsing: .unconditional,
    help: "Divides the logits; 0 takes the most likely token. (default: the recipe's, or 1)")
  var temperature: Double?

  @Option(
    parsing: .unconditional,
    help: """
      Draws from so many most likely tokens only; 0 from all. (default: the recipe's, or 0)
      """)
  var topK: Int?

  @Option(
    parsing: .unconditional,
    help: """
      Draws from the fewest tokens that have this probability together. (default: the recipe's, \
      or 1)
      """)
  var topP: Double?

  @Option(
    parsing: .unconditional,
    help: """
      Draws from tokens at least this likely relative to the most likely one. (default: the \
      recipe's, or 0)
      """)
  var minP: Double?

  @OptionGroup var completion: CompletionArguments

  func validate() throws {
    try Bounds.check("--temperature", temperature, SamplingOptions.temperatures, or: 0)
    try Bounds.check("--top-k", topK, 0...Int.max)
    try Bounds.check("--top-p", topP, above: 0, through: 1)
    try Bounds.check("--min-p", minP, 0...1)
    if temperature == 0 {
      try Bounds.refuse(
        [
          ("--top-k", topK != nil), ("--top-p", topP != nil), ("--min-p", minP != nil),
          ("--seed", completion.seed != nil),
        ], because: Self.drawsNothing)
    }
  }

  func sampler(of policy: Policy, _ recipe: Recipe?, threads: Int) -> TextSampler {
    completion.sampler(of: policy, recipe, threads: threads) { options in
      if let temperature { options.temperature = temperature }
      if let topK { options.topK = topK > 0 ? topK : nil }
      if let topP { options.topP = topP }
      if let minP { options.minP = minP }
    }
  }
}

import ArgumentParser
import Recipes
import Sampling

/// How completions are drawn; what is not given is the recipe's, or else the usual.
struct SamplingArguments: ParsableArguments {
  static let drawsNothing = "with --temperature 0, which draws nothing"

  @Option(
    parsing: .unconditional,
    help: "Divides the logits; 0 takes the most probable token. (default: the recipe's, or 1)")
  var temperature: Double?

  @Option(
    parsing: .unconditional,
    help: """
      Samples only from the so many most probable tokens; 0 from all. (default: the recipe's, or 0)
      """)
  var topK: Int?

  @Option(
    parsing: .unconditional,
    help: """
      Samples from the fewest tokens that together have this probability. (default: the recipe's, \
      or 1)
      """)
  var topP: Double?

  @Option(
    parsing: .unconditional,
    help: """
      Samples from tokens at least this probable relative to the most probable one. (default: the \
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

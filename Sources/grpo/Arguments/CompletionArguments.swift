import ArgumentParser
import Formats
import Recipes
import Sampling
import Training

/// How long completions may be, what ends them and what draws them; what is not given is the recipe's,
/// or else the usual.
struct CompletionArguments: ParsableArguments {
  @Option(
    parsing: .unconditional, help: "The most tokens of a completion. (default: the recipe's, or 64)"
  )
  var maxCompletionLength: Int?

  @Option(
    parsing: .unconditionalSingleValue,
    help: "A text that ends a completion; repeatable. (default: the recipe's)")
  var stop: [String] = []

  @Option(
    parsing: .unconditional,
    help: "The source of the random numbers. (default: the recipe's seed, or 0)")
  var seed: Int?

  func validate() throws {
    try Bounds.check("--max-completion-length", maxCompletionLength, 1...1_000_000)
    try Bounds.check("--seed", seed, 0...Int.max)
    if stop.contains("") { throw ValidationError("--stop: got an empty text; need one") }
  }

  func seed(_ recipe: Recipe?) -> UInt64 { UInt64(seed ?? recipe?.seed ?? 0) }

  /// A sampler that draws as the recipe says, but for what is given here and what `change` makes of
  /// it.
  func sampler(
    of policy: Policy, _ recipe: Recipe?, threads: Int,
    change: (inout SamplingOptions) -> Void = { _ in }
  ) -> TextSampler {
    var options =
      recipe?.train?.samplingOptions(eosIDs: policy.eosIDs)
      ?? SamplingOptions(maximumTokens: 64, eosIDs: policy.eosIDs)
    if let maxCompletionLength { options.maximumTokens = maxCompletionLength }
    change(&options)
    return TextSampler(
      policy, options: options, stop: stop.isEmpty ? recipe?.train?.stop ?? [] : stop,
      threads: threads)
  }
}

extension Policy {
  /// Reads a model's directory that an option names, and says what of it is left out.
  init(argument directory: String) throws {
    try self.init(directory: directory)
    for warning in warnings { StandardError.warn(warning) }
  }
}

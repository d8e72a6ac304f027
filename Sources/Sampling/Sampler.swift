package import Kernels
package import LanguageModel

/// Where the random numbers of a call come from.
package struct Draws: Sendable {
  package var key: RandomKey
  package var step: Int

  package init(key: RandomKey, step: Int) { (self.key, self.step) = (key, step) }
}

/// Draws completions of prompts, ids in and ids out.
///
/// All prompts are computed together, each once; then every live completion advances by one token
/// a step (``Drawing``), and finished ones leave the batch at once. Results do not depend on what is
/// drawn together, bit for bit.
public struct Sampler {
  /// One prompt: its ids, and what keys its draws.
  public struct Request: Sendable {
    public var prompt: [Int]
    /// The question's number in its data set.
    public var row: Int
    /// The number of the first completion; later ones count on.
    public var firstSample: Int

    public init(prompt: [Int], row: Int, firstSample: Int = 0) {
      (self.prompt, self.row, self.firstSample) = (prompt, row, firstSample)
    }
  }

  /// The completions of each request, and the activations they left, if asked for.
  package struct Result {
    package var completions: [[SampledCompletion]]
    package var kept: Kept?

    package init(completions: [[SampledCompletion]], kept: Kept?) {
      (self.completions, self.kept) = (completions, kept)
    }
  }

  let engine: Engine
  public let options: SamplingOptions

  package init(engine: Engine, options: SamplingOptions) {
    (self.engine, self.options) = (engine, options)
  }

  /// - Parameters:
  ///   - keep: Keeps what a backward pass needs, if it fits the engine's budget.
  ///   - endRule: A further rule that ends a completion, given its tokens.
  /// - Throws: `PromptError`, `SamplingError`, and what the rule throws.
  package func sample(
    _ p: Parameters, _ requests: [Request], completions count: Int, draws: Draws,
    keep: Bool = false, endRule: (([Int]) throws -> Bool)? = nil
  ) throws -> Result {
    let rows = try rows(of: requests, count)
    let keeps = keep && count > 0 && engine.memory.canKeep(rows: rows)
    if !keeps, requests.count > 1, !engine.memory.canHold(rows: rows) {
      return try sampleInHalves(
        p, requests, completions: count, draws: draws, endRule: endRule)
    }
    var drawing = try drawing(p, requests, completions: count, draws: draws, keep: keeps)
    while !drawing.isFinished { try drawing.advance(endRule) }
    return Result(
      completions: drawing.completions, kept: keeps ? Kept(drawing.activations, of: p) : nil)
  }

  /// Completions of which no token is drawn yet.
  func drawing(
    _ p: Parameters, _ requests: [Request], completions count: Int, draws: Draws,
    keep: Bool = false
  ) throws(PromptError) -> Drawing {
    let limits = try limits(of: requests)
    let activations = engine.memory.activations(
      keep ? .everything : .keysAndValues, rows: try rows(of: requests, count),
      longest: zip(requests, limits).map { $0.prompt.count + $1 }.max() ?? 1)
    return Drawing(
      self, p, requests, limits: limits, completions: count, draws: draws, in: activations)
  }

  /// Tokens that a completion of each request may have.
  private func limits(of requests: [Request]) throws(PromptError) -> [Int] {
    let context = engine.configuration.maximumPositions
    var limits: [Int] = []
    for request in requests {
      try PromptError.check(request.prompt, context: context)
      limits.append(min(options.maximumTokens, context - request.prompt.count))
    }
    return limits
  }

  /// Rows of all prompts and completions, at most: no row follows a completion's last token.
  private func rows(of requests: [Request], _ count: Int) throws(PromptError) -> Int {
    zip(requests, try limits(of: requests)).reduce(0) {
      $0 + $1.0.prompt.count + count * ($1.1 - 1)
    }
  }

  /// What does not fit the memory at once is drawn in two parts; the numbers are the same.
  private func sampleInHalves(
    _ p: Parameters, _ requests: [Request], completions count: Int, draws: Draws,
    endRule: (([Int]) throws -> Bool)?
  ) throws -> Result {
    let middle = requests.count / 2
    let parts = try [0..<middle, middle..<requests.count].flatMap { range in
      try sample(
        p, Array(requests[range]), completions: count, draws: draws, endRule: endRule
      ).completions
    }
    return Result(completions: parts, kept: nil)
  }
}

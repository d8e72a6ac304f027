package import Kernels
package import LanguageModel
internal import Synchronization

/// Where the random numbers of a call come from.
package struct Draws: Sendable {
  package var key: RandomKey
  package var step: Int

  package init(key: RandomKey, step: Int) { (self.key, self.step) = (key, step) }
}

/// Draws completions of prompts, ids in and ids out.
///
/// All prompts are computed together, each once; then every live completion advances by one token
/// a step (`Decoding`), and finished ones leave the batch at once. Results do not depend on what is
/// drawn together, bit for bit.
package struct Sampler {
  /// One prompt: its ids, and what keys its draws.
  package struct Request: Sendable {
    /// The prompt's ids, at least one.
    package var prompt: [Int]
    /// The question's number in its data set.
    package var row: Int
    /// The number of the first completion; later ones count on.
    package var firstSample: Int

    /// Creates a request for one question's completions.
    package init(prompt: [Int], row: Int, firstSample: Int = 0) {
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
  /// How tokens are chosen.
  package let options: SamplingOptions

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
    var decoding = try decoding(p, requests, completions: count, draws: draws, keep: keeps)
    while !decoding.isFinished { try decoding.advance(endRule) }
    return Result(
      completions: decoding.completions, kept: keeps ? Kept(decoding.activations, of: p) : nil)
  }

  /// Completions of which no token is drawn yet.
  func decoding(
    _ p: Parameters, _ requests: [Request], completions count: Int, draws: Draws,
    keep: Bool = false
  ) throws(PromptError) -> Decoding {
    let limits = try limits(of: requests)
    let activations = engine.memory.activations(
      keep ? .everything : .keysAndValues, rows: try rows(of: requests, count),
      longest: zip(requests, limits).map { $0.prompt.count + $1 }.max() ?? 1)
    return Decoding(
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

/// Completions on their way: every step draws one token of each that has not ended.
struct Decoding {
  /// A rule that ends a completion, given its tokens so far.
  typealias EndRule = ([Int]) throws -> Bool

  /// A completion that has not ended.
  private struct Live {
    let request: Int
    let sample: Int
    let sequence: Int
  }

  private let sampler: Sampler
  private let parameters: Parameters
  private let requests: [Sampler.Request]
  private let limits: [Int]
  private let draws: Draws
  let activations: Activations
  /// Those of each request.
  private(set) var completions: [[SampledCompletion]]
  private var live: [Live] = []
  /// Rows of the activations that are computed.
  private var computed = 0
  /// The rows to draw from; row i speaks for the live completions from firstOfRow[i] on.
  private var rows: [Int32] = []
  private var firstOfRow: [Int]

  /// - Parameter limits: Tokens that a completion of each request may have.
  init(
    _ sampler: Sampler, _ p: Parameters, _ requests: [Sampler.Request], limits: [Int],
    completions count: Int, draws: Draws, in activations: Activations
  ) {
    (self.sampler, parameters, self.requests, self.limits) = (sampler, p, requests, limits)
    (self.draws, self.activations) = (draws, activations)
    let empty = SampledCompletion(supports: sampler.options.filters ? [] : nil)
    completions = requests.map { _ in Array(repeating: empty, count: count) }
    // A prompt's last row has the logits of the first token of all its completions.
    firstOfRow = requests.indices.map { $0 * count }
    for (index, request) in requests.enumerated() {
      let group = activations.appendGroup(prompt: request.prompt, completions: count)
      rows.append(Int32(activations.rowCount - 1))
      for (sample, sequence) in group.completions.enumerated() {
        live.append(Live(request: index, sample: sample, sequence: sequence))
      }
    }
  }

  /// Whether every completion has ended.
  var isFinished: Bool { live.isEmpty }

  /// Draws the next token of every completion that has not ended.
  ///
  /// - Throws: `SamplingError`, and what the rule throws.
  mutating func advance(_ endRule: EndRule?) throws {
    let drawn = draw()
    computed = activations.rowCount
    var survivors: [Live] = []
    for (one, draw) in zip(live, drawn) {
      completions[one.request][one.sample].append(draw)
      if !draw.isFinite {
        throw SamplingError.notFinite(
          step: draws.step, row: requests[one.request].row,
          sample: requests[one.request].firstSample + one.sample,
          position: completions[one.request][one.sample].tokens.count - 1)
      }
      let tokens = completions[one.request][one.sample].tokens
      if try sampler.options.eosIDs.contains(draw.token) || endRule?(tokens) == true {
        completions[one.request][one.sample].stopped = true
      } else if tokens.count < limits[one.request] {
        activations.append(draw.token, to: one.sequence)
        survivors.append(one)
      }
    }
    live = survivors
    rows = (computed..<activations.rowCount).map(Int32.init)
    firstOfRow = Array(live.indices)
  }

  /// One draw for each live completion, all at one position.
  private func draw() -> [TokenDraw] {
    let position = completions[live[0].request][live[0].sample].tokens.count
    let results = Mutex([TokenDraw](repeating: TokenDraw(), count: live.count))
    let (options, draws, firstOfRow) = (sampler.options, draws, firstOfRow)
    let keys = live.map {
      (row: requests[$0.request].row, sample: requests[$0.request].firstSample + $0.sample)
    }
    sampler.engine.forEachRow(parameters, activations, rows: rows, from: computed) { i, row in
      let own = firstOfRow[i]..<(i + 1 < firstOfRow.count ? firstOfRow[i + 1] : keys.count)
      let drawn = TokenDraw.draw(
        row, options: options,
        uniforms: own.map {
          draws.key.uniform(
            step: draws.step, row: keys[$0].row, sample: keys[$0].sample, position: position)
        })
      results.withLock { results in
        for (k, draw) in zip(own, drawn) { results[k] = draw }
      }
    }
    return results.withLock { $0 }
  }
}

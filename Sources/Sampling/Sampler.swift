package import Kernels
package import LanguageModel
internal import Synchronization

/// One completion as it was drawn.
public struct SampledCompletion: Sendable, Equatable {
  public var tokens: [Int] = []
  /// log p of each token under the distribution it was drawn from.
  public var logProbs: [Float] = []
  /// Entropy of that distribution, in nats.
  public var entropies: [Float] = []
  /// Per token the ids that could be drawn, ascending; nil where no filter was set.
  public var supports: [[Int32]]?
  /// False where the completion ran into the length limit.
  public var stopped = false
}

/// What can keep a completion from being drawn.
public enum SamplingError: Error, CustomStringConvertible, Sendable {
  case notFinite(step: Int, row: Int, sample: Int, position: Int)
  case promptTooLong(row: Int, tokens: Int, context: Int)

  public var description: String {
    switch self {
    case .notFinite(let step, let row, let sample, let position):
      "step \(step): question \(row), sample \(sample), position \(position): "
        + "the logits are not finite (need finite numbers)"
    case .promptTooLong(let row, let tokens, let context):
      "question \(row): the prompt has \(tokens) tokens (context \(context) leaves none to draw)"
    }
  }
}

/// Where the random numbers of a call come from.
package struct Draws: Sendable {
  package var key: RandomKey
  package var step: Int

  package init(key: RandomKey, step: Int) { (self.key, self.step) = (key, step) }
}

/// Draws completions of prompts.
///
/// All prompts are computed together, each once; then every live completion advances by one token
/// a step, and finished ones leave the batch at once. Results do not depend on what is drawn
/// together, bit for bit.
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

  private struct Live {
    let question: Int
    let sample: Int
    let sequence: Int
  }

  fileprivate struct Draw: Sendable {
    var token = 0
    var logProb: Float = 0
    var entropy: Float = 0
    var support: [Int32]?
    var isFinite = true
  }

  /// - Parameters:
  ///   - keep: Keeps what a backward pass needs, if it fits the engine's budget.
  ///   - isFinished: A further rule that ends a completion, given its request's number and tokens.
  package func sample(
    _ p: Parameters, _ requests: [Request], completions count: Int, draws: Draws,
    keep: Bool = false, isFinished: ((Int, [Int]) throws -> Bool)? = nil
  ) throws -> Result {
    let context = engine.configuration.maximumPositions
    for request in requests where request.prompt.count >= context {
      throw SamplingError.promptTooLong(
        row: request.row, tokens: request.prompt.count, context: context)
    }
    let limits = requests.map { min(options.maximumTokens, context - $0.prompt.count) }
    let rows = zip(requests, limits).reduce(0) { $0 + $1.0.prompt.count + count * ($1.1 - 1) }
    let longest = zip(requests, limits).map { $0.prompt.count + $1 }.max() ?? 1
    let keeps = keep && engine.canKeep(rows: rows)
    if !keeps, requests.count > 1, !engine.canHold(rows: rows) {
      return try sampleInHalves(
        p, requests, completions: count, draws: draws, isFinished: isFinished)
    }
    let a = engine.activations(
      keeps ? .everything : .keysAndValues, rows: rows, longest: longest)

    var live: [Live] = []
    for (question, request) in requests.enumerated() {
      let group = a.appendGroup(prompt: request.prompt, completions: count)
      for (sample, sequence) in group.completions.enumerated() {
        live.append(Live(question: question, sample: sample, sequence: sequence))
      }
    }
    var results = requests.map { _ in
      Array(
        repeating: SampledCompletion(supports: options.filters ? [] : nil), count: count)
    }
    engine.transformer.forward(p, a, from: 0)
    // The prompt's last row speaks for the first token of every completion.
    var rowsToDraw = a.groups.map { Int32(a.row(of: $0.prompt, at: a.length(of: $0.prompt) - 1)) }
    var firstOfRow = requests.indices.map { $0 * count }
    var firstNew = 0
    while !live.isEmpty {
      let drawn = draw(
        p, a, rows: rowsToDraw, from: firstNew, live: live, firstOfRow: firstOfRow, requests,
        position: results[live[0].question][live[0].sample].tokens.count, draws)
      firstNew = a.rowCount
      var survivors: [Live] = []
      for (one, draw) in zip(live, drawn) {
        results[one.question][one.sample].append(draw)
        if !draw.isFinite {
          throw SamplingError.notFinite(
            step: draws.step, row: requests[one.question].row,
            sample: requests[one.question].firstSample + one.sample,
            position: results[one.question][one.sample].tokens.count - 1)
        }
        let tokens = results[one.question][one.sample].tokens
        if options.eosIDs.contains(draw.token) {
          results[one.question][one.sample].stopped = true
        } else if let isFinished, try isFinished(one.question, tokens) {
          results[one.question][one.sample].stopped = true
        } else if tokens.count < limits[one.question] {
          a.append(draw.token, to: one.sequence)
          survivors.append(one)
        }
      }
      live = survivors
      engine.transformer.forward(p, a, from: firstNew)
      rowsToDraw = (firstNew..<a.rowCount).map(Int32.init)
      firstOfRow = Array(live.indices)
    }
    return Result(completions: results, kept: keeps ? Kept(a, of: p) : nil)
  }

  /// What does not fit the memory at once is drawn in two parts; the numbers are the same.
  private func sampleInHalves(
    _ p: Parameters, _ requests: [Request], completions count: Int, draws: Draws,
    isFinished: ((Int, [Int]) throws -> Bool)?
  ) throws -> Result {
    let middle = requests.count / 2
    let parts = try [0..<middle, middle..<requests.count].flatMap { range in
      try sample(
        p, Array(requests[range]), completions: count, draws: draws,
        isFinished: isFinished.map { rule in { try rule(range.lowerBound + $0, $1) } }
      ).completions
    }
    return Result(completions: parts, kept: nil)
  }

  /// One draw for each live completion; row i speaks for those from firstOfRow[i] on.
  private func draw(
    _ p: Parameters, _ a: Activations, rows: [Int32], from first: Int, live: [Live],
    firstOfRow: [Int], _ requests: [Request], position: Int, _ draws: Draws
  ) -> [Draw] {
    let results = Mutex([Draw](repeating: Draw(), count: live.count))
    let options = options
    let keys = live.map {
      (row: requests[$0.question].row, sample: requests[$0.question].firstSample + $0.sample)
    }
    engine.head.forEachRow(p, a, rows: rows, from: first) { i, row in
      let own = firstOfRow[i]..<(i + 1 < firstOfRow.count ? firstOfRow[i + 1] : keys.count)
      let drawn = Sampler.draw(
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

  private static func draw(
    _ row: TokenHead.Row, options: SamplingOptions, uniforms: [Double]
  ) -> [Draw] {
    let temperature = Float(options.scoringTemperature)
    let vocabulary = row.logits.columns
    var statistics = Softmax.forward(
      row.exponentials, row.logits, row: row.index, count: vocabulary, temperature: temperature)
    guard statistics.isFinite else { return uniforms.map { _ in Draw(isFinite: false) } }
    var kept: [Int32]?
    if options.filters {
      kept = support(row.exponentials, count: vocabulary, options: options)
      let (logits, index, count) = row.distribution(support: kept)
      statistics = Softmax.forward(
        row.exponentials, logits, row: index, count: count, temperature: temperature)
    }
    let count = kept?.count ?? vocabulary
    return uniforms.map { uniform in
      let token: Int
      if options.temperature == 0 {
        token = argmax(row.logits, row: row.index)
      } else {
        let place = Softmax.draw(
          row.exponentials, count: count, statistics: statistics, uniform: uniform)
        token = kept.map { Int($0[place]) } ?? place
      }
      return Draw(
        token: token,
        logProb: statistics.logProb(
          logit: row.logits[row.index, token], temperature: temperature),
        entropy: Float(statistics.entropy),
        support: options.filters ? kept ?? (0..<Int32(vocabulary)).map { $0 } : nil)
    }
  }

  /// The place of the largest number, the first of equal ones.
  private static func argmax(_ logits: Matrix, row: Int) -> Int {
    var best = 0
    for token in 1..<max(logits.columns, 1) where logits[row, token] > logits[row, best] {
      best = token
    }
    return best
  }
}

extension SampledCompletion {
  fileprivate mutating func append(_ draw: Sampler.Draw) {
    tokens.append(draw.token)
    logProbs.append(draw.logProb)
    entropies.append(draw.entropy)
    if let support = draw.support { supports?.append(support) }
  }
}

internal import Kernels
internal import LanguageModel
internal import Synchronization

/// Completions on their way: every step draws one token of each that has not ended.
struct Drawing {
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
    // A prompt's last row speaks for the first token of all its completions.
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

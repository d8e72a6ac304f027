internal import Kernels
internal import LanguageModel

/// One token, drawn from one row of logits.
struct TokenDraw: Sendable {
  var token = 0
  var logProb: Float = 0
  var entropy: Float = 0
  var support: [Int32]?
  var isFinite = true

  /// A draw for each of the uniform numbers from 0..<1, all from one row.
  static func draw(
    _ row: TokenHead.Row, options: SamplingOptions, uniforms: [Double]
  ) -> [TokenDraw] {
    let temperature = Float(options.scoringTemperature)
    let vocabulary = row.logits.columns
    var statistics = Softmax.forward(
      row.exponentials, row.logits, row: row.index, count: vocabulary, temperature: temperature)
    guard statistics.isFinite else { return uniforms.map { _ in TokenDraw(isFinite: false) } }
    var kept: [Int32]?
    if options.filters {
      kept = TokenFilter.support(row.exponentials, count: vocabulary, options: options)
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
        let index = Softmax.draw(
          row.exponentials, count: count, statistics: statistics, uniform: uniform)
        token = kept.map { Int($0[index]) } ?? index
      }
      return TokenDraw(
        token: token,
        logProb: statistics.logProb(
          logit: row.logits[row.index, token], temperature: temperature),
        entropy: Float(statistics.entropy),
        support: options.filters ? kept ?? (0..<Int32(vocabulary)).map { $0 } : nil)
    }
  }

  /// The index of the largest number, the first of equal ones.
  private static func argmax(_ logits: Matrix, row: Int) -> Int {
    var best = 0
    for token in 1..<max(logits.columns, 1) where logits[row, token] > logits[row, best] {
      best = token
    }
    return best
  }
}

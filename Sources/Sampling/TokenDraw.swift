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
    _ row: LogitRow, options: SamplingOptions, uniforms: [Double]
  ) -> [TokenDraw] {
    let temperature = Float(options.scoringTemperature)
    var distribution = row.distribution(over: nil, temperature: temperature)
    guard distribution.isFinite else { return uniforms.map { _ in TokenDraw(isFinite: false) } }
    var kept: [Int32]?
    if options.filters {
      kept = TokenFilter.support(
        distribution.exponentials, count: distribution.count, options: options)
      distribution = row.distribution(over: kept, temperature: temperature)
    }
    return uniforms.map { uniform in
      let token: Int
      if options.temperature == 0 {
        token = argmax(row.logits, row: row.index)
      } else {
        let index = Softmax.draw(distribution, uniform: uniform)
        token = kept.map { Int($0[index]) } ?? index
      }
      return TokenDraw(
        token: token,
        logProb: distribution.logProb(logit: row.logits[row.index, token]),
        entropy: Float(distribution.entropy),
        support: options.filters ? kept ?? (0..<Int32(row.logits.columns)).map { $0 } : nil)
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

/// What the head is asked for: tokens whose log-probability some row predicts.
///
/// Rows are hidden rows in canonical order, each named once; a prompt's last row predicts the first
/// token of every completion. Shapes: rows, supports: [R]; starts: [R + 1]; tokens: [predictions].
package struct Predictions: Sendable {
  package private(set) var rows: [Int32] = []
  private var starts: [Int] = [0]
  package private(set) var tokens: [Int32] = []
  /// The tokens that the row's distribution was restricted to, ascending; nil: all of them.
  package private(set) var supports: [[Int32]?] = []

  package init() {}

  package var count: Int { tokens.count }

  /// The predictions of row `i` of `rows`.
  func ofRow(_ i: Int) -> Range<Int> { starts[i]..<starts[i + 1] }

  /// Appends a row and the tokens it predicts.
  package mutating func append(
    row: Int, tokens newTokens: some Sequence<Int32>, support: [Int32]?
  ) {
    rows.append(Int32(row))
    tokens.append(contentsOf: newTokens)
    starts.append(tokens.count)
    supports.append(support)
  }
}

package import Kernels

/// The rows of a batch and what the forward pass computed for them.
///
/// A row is one token of one sequence. Rows are numbered in the order in which they are appended,
/// whatever their sequences: a sampler appends one row per live completion and decoding step, a
/// trainer whole sequences. Keys and values are found through each sequence's list of rows, so a
/// prompt's rows are stored once and shared by its completions, and what sampling computed can be
/// trained on where it lies.
package final class Activations {
  package enum Retention: Sendable {
    /// All that the backward pass needs, of every row.
    case everything
    /// Keys and values of every row; the rest only of the rows of the last forward call.
    case keysAndValues
  }

  /// One question: a prompt's sequence and those of its completions.
  package struct Group: Sendable {
    package let prompt: Int
    package let completions: Range<Int>
  }

  struct Layer {
    let input: Matrix  // residual stream into the layer, [R, C]
    let inputScale: FloatBuffer  // rstd of the first norm, [R]
    let query: Matrix  // after the rotary embedding
    let key: Matrix  // after the rotary embedding
    let value: Matrix
    let attention: Matrix  // before the output projection
    let statistics: Matrix  // of the softmax, [R, 2H]
    let middle: Matrix  // residual stream between the two blocks
    let middleScale: FloatBuffer  // rstd of the second norm, [R]
    let gate: Matrix
    let up: Matrix

    /// `first` is the row under which the first of query, attention and statistics is stored.
    func attentionRows(_ keys: KeyTable, first: Int = 0) -> Attention.Rows {
      Attention.Rows(
        q: query, k: key, v: value, out: attention, statistics: statistics, keys: keys,
        first: first)
    }
  }

  package let configuration: ModelConfiguration
  package let retention: Retention
  package let rowCapacity: Int
  let layers: [Layer]
  /// Residual stream out of the last layer.
  let output: Matrix
  package private(set) var tokens: [Int32] = []
  package private(set) var keys: KeyTable
  package private(set) var groups: [Group] = []
  /// The number of what is held now: every change of the rows, and every pass over them, makes it
  /// another.
  package private(set) var filling = 0
  private var lengths: [Int] = []

  package init(
    _ configuration: ModelConfiguration, rowCapacity: Int, maximumLength: Int,
    retention: Retention
  ) {
    self.configuration = configuration
    self.retention = retention
    self.rowCapacity = rowCapacity
    keys = KeyTable(capacity: maximumLength)
    let c = configuration
    func layer(sharing first: Layer?) -> Layer {
      func rows(_ columns: Int, _ shared: Matrix?) -> Matrix {
        shared ?? Matrix(rows: rowCapacity, columns: columns)
      }
      return Layer(
        input: rows(c.hiddenSize, first?.input),
        inputScale: first?.inputScale ?? FloatBuffer(count: rowCapacity),
        query: rows(c.queryWidth, first?.query),
        key: Matrix(rows: rowCapacity, columns: c.keyWidth),
        value: Matrix(rows: rowCapacity, columns: c.keyWidth),
        attention: rows(c.queryWidth, first?.attention),
        statistics: rows(2 * c.attentionHeads, first?.statistics),
        middle: rows(c.hiddenSize, first?.middle),
        middleScale: first?.middleScale ?? FloatBuffer(count: rowCapacity),
        gate: rows(c.intermediateSize, first?.gate), up: rows(c.intermediateSize, first?.up))
    }
    var layers: [Layer] = []
    for _ in 0..<c.layers {
      layers.append(layer(sharing: retention == .everything ? nil : layers.first))
    }
    self.layers = layers
    output =
      retention == .everything
      ? Matrix(rows: rowCapacity, columns: c.hiddenSize) : layers[0].input
  }

  /// Bytes of one row under a retention, for sizing to a memory budget.
  package static func bytesPerRow(_ c: ModelConfiguration, _ retention: Retention) -> Int {
    let rest =
      2 * c.hiddenSize + 2 * c.queryWidth + 2 * c.attentionHeads + 2 * c.intermediateSize + 2
    let kept = retention == .everything ? c.layers * rest + c.hiddenSize : rest
    return 4 * (kept + c.layers * 2 * c.keyWidth)
  }

  package var rowCount: Int { tokens.count }
  /// Positions of the longest sequence it can hold.
  package var maximumLength: Int { keys.capacity }

  /// Rows of a sequence, its prompt's included.
  package func length(of sequence: Int) -> Int { lengths[sequence] }

  /// To be called by a pass that computes rows.
  func countFilling() { filling += 1 }

  /// Forgets all rows; the memory stays.
  package func removeAll() {
    countFilling()
    tokens.removeAll(keepingCapacity: true)
    keys.removeAll()
    groups.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
  }

  /// Appends a question: the rows of its prompt, and `completions` sequences that begin with it.
  @discardableResult
  package func appendGroup(prompt: [Int], completions: Int) -> Group {
    precondition(!prompt.isEmpty && prompt.count <= keys.capacity)
    let sequence = appendSequence(after: nil)
    for token in prompt { append(token, to: sequence) }
    let first = lengths.count
    for _ in 0..<completions { _ = appendSequence(after: sequence) }
    let group = Group(prompt: sequence, completions: first..<first + completions)
    groups.append(group)
    return group
  }

  private func appendSequence(after parent: Int?) -> Int {
    countFilling()
    keys.appendSequence(copying: parent.map { ($0, lengths[$0]) })
    lengths.append(parent.map { lengths[$0] } ?? 0)
    return lengths.count - 1
  }

  /// Appends one row at the end of a sequence.
  package func append(_ token: Int, to sequence: Int) {
    precondition(tokens.count < rowCapacity, "more rows than the activations were made for")
    countFilling()
    keys.append(row: tokens.count, sequence: sequence, position: lengths[sequence])
    tokens.append(Int32(token))
    lengths[sequence] += 1
  }

  /// The row that holds a sequence's token at `position`.
  package func row(of sequence: Int, at position: Int) -> Int {
    precondition(position < lengths[sequence])
    return keys.row(sequence, position)
  }

  /// What a row's number exceeds its index by in the memory that only holds the rows of the last
  /// forward call, which began at `first`; 0 where all are kept.
  func base(from first: Int) -> Int { retention == .everything ? 0 : first }

  /// All rows in the canonical order (question; its prompt's rows; then completion, position): the
  /// order of every sum that crosses rows.
  package struct CanonicalOrder: Sendable {
    package fileprivate(set) var rows: [Int32] = []
    /// Where each question's rows lie among them.
    package fileprivate(set) var groups: [Range<Int>] = []
  }

  package func canonicalOrder() -> CanonicalOrder {
    var order = CanonicalOrder()
    order.rows.reserveCapacity(tokens.count)
    for group in groups {
      let (first, shared) = (order.rows.count, lengths[group.prompt])
      for position in 0..<shared { order.rows.append(Int32(keys.row(group.prompt, position))) }
      for sequence in group.completions {
        for position in shared..<lengths[sequence] {
          order.rows.append(Int32(keys.row(sequence, position)))
        }
      }
      order.groups.append(first..<order.rows.count)
    }
    return order
  }
}

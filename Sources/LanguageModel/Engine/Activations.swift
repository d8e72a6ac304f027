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

  final class Layer: Sendable {
    let input: Matrix  // residual stream into the layer, [R, C]
    let inputScale: FloatBuffer  // rstd of the first norm, [R]
    let attention: Attention.Tensors  // q and k after the rotary embedding, out before Wₒ
    let middle: Matrix  // residual stream between the two blocks
    let middleScale: FloatBuffer  // rstd of the second norm, [R]
    let gate: Matrix
    let up: Matrix

    /// Memory of its own, or for all but keys and values that of `other`.
    init(_ c: ModelConfiguration, rows count: Int, sharing other: Layer?) {
      func rows(_ columns: Int) -> Matrix { Matrix(rows: count, columns: columns) }
      input = other?.input ?? rows(c.hiddenSize)
      inputScale = other?.inputScale ?? FloatBuffer(count: count)
      attention = Attention.Tensors(
        q: other?.attention.q ?? rows(c.queryWidth), k: rows(c.keyWidth), v: rows(c.keyWidth),
        out: other?.attention.out ?? rows(c.queryWidth),
        statistics: other?.attention.statistics ?? rows(2 * c.attentionHeads))
      middle = other?.middle ?? rows(c.hiddenSize)
      middleScale = other?.middleScale ?? FloatBuffer(count: count)
      gate = other?.gate ?? rows(c.intermediateSize)
      up = other?.up ?? rows(c.intermediateSize)
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
    (self.configuration, self.retention, self.rowCapacity) = (configuration, retention, rowCapacity)
    keys = KeyTable(capacity: maximumLength)
    let c = configuration
    var layers: [Layer] = []
    for _ in 0..<c.layers {
      layers.append(
        Layer(c, rows: rowCapacity, sharing: retention == .everything ? nil : layers.first))
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

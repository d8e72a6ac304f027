internal import Kernels

/// The memory of the head's backward pass: a block of rows of logits.
package final class HeadWorkspace: Sendable {
  let stream: Matrix
  let scale: FloatBuffer
  let normed: Matrix
  let dnormed: Matrix
  let dlogits: Matrix
  let dvalue: Matrix
  let dstream: Matrix
  let logitScratch: [LogitScratch]  // per worker
  let drow: [Matrix]
  let weightScratch: [FloatBuffer]
  let transposed: FloatBuffer
  let valueTransposed: FloatBuffer

  /// Floats of logits held at a time.
  private static let blockFloats = 4 << 20

  package init(_ p: Parameters, workers: Int) {
    let c = p.configuration
    let count = min(
      4096, max(WorkSplit.chunkRows, HeadWorkspace.blockFloats / c.vocabularySize))
    func rows(_ columns: Int) -> Matrix { Matrix(rows: count, columns: columns) }
    (stream, dstream) = (rows(c.hiddenSize), rows(c.hiddenSize))
    (normed, dnormed) = (rows(c.hiddenSize), rows(c.hiddenSize))
    (dlogits, dvalue) = (rows(c.vocabularySize), rows(1))
    scale = FloatBuffer(count: count)
    logitScratch = (0..<workers).map { _ in LogitScratch(c) }
    drow = (0..<workers).map { _ in Matrix(rows: 1, columns: c.vocabularySize) }
    weightScratch = (0..<workers).map { _ in
      FloatBuffer(count: Linear.scratchCount(inputs: c.hiddenSize))
    }
    transposed = FloatBuffer(count: Linear.transposedCount(p.head))
    valueTransposed = FloatBuffer(count: 16 * c.hiddenSize.roundedUp(to: 16))
  }
}

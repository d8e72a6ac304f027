internal import Kernels

/// The memory of the backward pass, made once for a number of rows.
package final class BackwardWorkspace: Sendable {
  let dstream: Matrix  // gradient of the residual stream out of a layer
  let dmiddle: Matrix  // … between its two blocks
  let normed: Matrix  // recomputed input of the projections
  let dnormed: Matrix
  let activated: Matrix  // recomputed input of the down projection
  let dgate: Matrix
  let dup: Matrix
  let dattention: Matrix
  let dquery: Matrix
  let dkey: Matrix
  let dvalue: Matrix
  let dactivated: [Matrix]  // per worker
  let weightScratch: [FloatBuffer]  // per worker
  let transposed: Transposed

  var rowCapacity: Int { dstream.rows }

  /// Panels over inputs of one layer's weights.
  struct Transposed {
    let query, key, value, output, gate, up, down: FloatBuffer

    init(_ layer: Parameters.Layer) {
      func buffer(_ weight: PackedWeight) -> FloatBuffer {
        FloatBuffer(count: Linear.transposedCount(weight))
      }
      (query, key, value) = (buffer(layer.query), buffer(layer.key), buffer(layer.value))
      (output, gate) = (buffer(layer.output), buffer(layer.gate))
      (up, down) = (buffer(layer.up), buffer(layer.down))
    }
  }

  package init(_ p: Parameters, rowCapacity: Int, workers: Int) {
    let c = p.configuration
    func rows(_ columns: Int) -> Matrix { Matrix(rows: rowCapacity, columns: columns) }
    (dstream, dmiddle) = (rows(c.hiddenSize), rows(c.hiddenSize))
    (normed, dnormed) = (rows(c.hiddenSize), rows(c.hiddenSize))
    (activated, dgate, dup) = (
      rows(c.intermediateSize), rows(c.intermediateSize), rows(c.intermediateSize)
    )
    (dattention, dquery) = (rows(c.queryWidth), rows(c.queryWidth))
    (dkey, dvalue) = (rows(c.keyWidth), rows(c.keyWidth))
    dactivated = (0..<workers).map { _ in
      Matrix(rows: WorkSplit.chunkRows, columns: c.intermediateSize)
    }
    let widest = max(c.intermediateSize, c.queryWidth, c.hiddenSize)
    weightScratch = (0..<workers).map { _ in
      FloatBuffer(count: Linear.scratchCount(inputs: widest))
    }
    transposed = Transposed(p.layers[0])
  }

  /// Bytes of one row, for sizing to a memory budget.
  package static func bytesPerRow(_ c: ModelConfiguration) -> Int {
    4 * (4 * c.hiddenSize + 3 * c.intermediateSize + 2 * c.queryWidth + 2 * c.keyWidth)
  }
}

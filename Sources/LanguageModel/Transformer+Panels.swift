internal import Kernels

extension Transformer {
  /// Whether there are too few rows to fill a tile for every thread: then each takes all of them
  /// through a share of the weights, and no weight is read twice.
  ///
  /// A single row's products are too short for the threads to meet after each.
  func sharesPanels(rows: Int) -> Bool {
    workers.count > 1 && rows > 1 && rows < 6 * workers.count && rows <= Transformer.chunkRows
  }
}

/// A product whose outputs are shared out by panels, each the same chain as in any other split.
struct SharedProduct: Sendable {
  let y: Matrix
  let rows: Range<Int>
  let x: Matrix
  let xFirst: Int
  let weight: PackedWeight

  /// Runs the products, which read nothing that another writes, as pieces of equal numbers of panels.
  static func run(_ products: [SharedProduct], accumulate: Bool = false, _ workers: Workers) {
    let total = products.reduce(0) { $0 + $1.weight.panels }
    let pieces = min(total, 2 * workers.count)
    workers.run(pieces) { task, _ in
      let piece = total * task / pieces..<total * (task + 1) / pieces
      var first = 0
      for product in products {
        let own = piece.clamped(to: first..<first + product.weight.panels)
        Linear.forward(
          product.y, product.x, rows: product.rows, xFirst: product.xFirst,
          weight: product.weight, panels: own.lowerBound - first..<own.upperBound - first,
          accumulate: accumulate)
        first += product.weight.panels
      }
    }
  }
}

extension ForwardPass {
  /// Takes few rows, none of which attends to another, through all layers: the threads meet after
  /// each product.
  func runByPanels(_ workers: Workers) {
    embed(rows)
    for index in layers.indices {
      project(index, workers)
      attend(index, workers)
    }
  }

  private func product(
    _ y: Matrix, _ rows: Range<Int>, _ x: Matrix, _ xFirst: Int, _ weight: PackedWeight
  ) -> SharedProduct {
    SharedProduct(y: y, rows: rows, x: x, xFirst: xFirst, weight: weight)
  }

  private func project(_ index: Int, _ workers: Workers) {
    let (layer, weights) = (layers[index], parameters.layers[index])
    let (own, normed) = (local(rows), scratch[0].normed)
    RMSNorm.forward(
      normed, yFirst: 0, rstd: layer.inputScale, layer.input, rows: own,
      gain: weights.inputNorm, epsilon: epsilon)
    SharedProduct.run(
      [
        product(layer.query, own, normed, 0, weights.query),
        product(layer.key, rows, normed, 0, weights.key),
        product(layer.value, rows, normed, 0, weights.value),
      ], workers)
    let positions = keys.positions[rows]
    rotary.forward(layer.query, rows: own, positions: positions)
    rotary.forward(layer.key, rows: rows, positions: positions)
  }

  private func attend(_ index: Int, _ workers: Workers) {
    let (layer, weights) = (layers[index], parameters.layers[index])
    let (own, normed, activated) = (local(rows), scratch[0].normed, scratch[0].activated)
    workers.run(rows.count) { task, worker in
      let row = rows.lowerBound + task
      attention.forward(
        layer.attention, statistics: layer.statistics, q: layer.query, first: row - base,
        k: layer.key, v: layer.value, keys: keys, rows: row..<row + 1,
        scratch: scratch[worker].attention)
    }
    layer.middle.copy(rows: own, from: layer.input, first: own.lowerBound)
    SharedProduct.run(
      [product(layer.middle, own, layer.attention, own.lowerBound, weights.output)],
      accumulate: true, workers)
    RMSNorm.forward(
      normed, yFirst: 0, rstd: layer.middleScale, layer.middle, rows: own,
      gain: weights.feedForwardNorm, epsilon: epsilon)
    SharedProduct.run(
      [
        product(layer.gate, own, normed, 0, weights.gate),
        product(layer.up, own, normed, 0, weights.up),
      ], workers)
    SwiGLU.forward(activated, yFirst: 0, gate: layer.gate, up: layer.up, rows: own)
    let next = index + 1 < layers.count ? layers[index + 1].input : output
    next.copy(rows: own, from: layer.middle, first: own.lowerBound)
    SharedProduct.run(
      [product(next, own, activated, 0, weights.down)], accumulate: true, workers)
  }
}

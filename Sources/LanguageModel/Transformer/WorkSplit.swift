package import Kernels

/// How the rows of a pass are shared out between the workers; no split changes a bit.
package enum WorkSplit: Sendable {
  /// A worker takes a chunk of rows through whole products.
  case rows(worker: Int)
  /// All rows go together: each worker takes them through some panels of every product, so that no
  /// weight is read twice, and meets the others after it.
  case panels(Workers)

  /// Rows that a worker takes at a time: eight tiles of six, small enough for the caches.
  static let chunkRows = 48

  /// Whether there are too few rows to fill a tile for every worker.
  ///
  /// A single row's products are too short for the workers to meet after each.
  package static func sharesPanels(rows: Int, _ workers: Workers) -> Bool {
    workers.count > 1 && rows > 1 && rows < 6 * workers.count && rows <= chunkRows
  }

  /// The worker whose scratch holds what the products of these rows read.
  var worker: Int {
    switch self {
    case .rows(let worker): worker
    case .panels: 0
    }
  }

  /// Runs products of `panels` panels altogether, which read nothing that another of them writes:
  /// `body` names them all, each time it is called, and each call computes a share of them.
  @inline(__always)  // a closure's context would cost a single row 5 % of its time
  package func multiply(panels: Int, _ body: @Sendable (inout PanelShare) -> Void) {
    switch self {
    case .rows:
      var all = PanelShare(0..<panels)
      body(&all)
    case .panels(let workers):
      let shares = min(panels, 2 * workers.count)
      workers.run(shares) { task, _ in
        var share = PanelShare(panels * task / shares..<panels * (task + 1) / shares)
        body(&share)
      }
    }
  }

  /// Runs `body(rows, worker)` for what is computed row by row.
  @inline(__always)
  func forEach(
    _ rows: Range<Int>, _ body: @Sendable (_ rows: Range<Int>, _ worker: Int) -> Void
  ) {
    switch self {
    case .rows(let worker): body(rows, worker)
    case .panels(let workers): workers.run(rows, chunksOf: 1, body)
    }
  }
}

/// Panels of some products, counted through one product after the other.
package struct PanelShare {
  private let panels: Range<Int>
  private var first = 0

  init(_ panels: Range<Int>) { self.panels = panels }

  /// `Linear.forward` for those of this product's panels that belong to the share.
  package mutating func forward(
    _ y: Matrix, _ x: Matrix, rows: Range<Int>, xFirst: Int, weight: PackedWeight,
    accumulate: Bool = false
  ) {
    let own = panels.clamped(to: first..<first + weight.panels)
    Linear.forward(
      y, x, rows: rows, xFirst: xFirst, weight: weight,
      panels: own.lowerBound - first..<own.upperBound - first, accumulate: accumulate)
    first += weight.panels
  }
}

extension Workers {
  /// Runs `body(chunk, worker)` for chunks of `rows` that give every worker work and keep tiles full.
  package func forEachChunk(
    of rows: Range<Int>, _ body: @Sendable (_ chunk: Range<Int>, _ worker: Int) -> Void
  ) {
    let share = (rows.count + count - 1) / count
    let size = share < 24 ? max(share, 1) : share.roundedUp(to: 6)
    run(rows, chunksOf: min(WorkSplit.chunkRows, size), body)
  }
}

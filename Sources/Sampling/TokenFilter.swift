internal import Kernels

/// What top-k, top-p and min-p leave to be drawn from, in this order; of equal tokens the lower id
/// ranks first.
enum TokenFilter {
  /// The tokens that are left, in ascending order; nil where all are.
  ///
  /// `exponentials` holds e^{z − max z} of all `count` tokens at the sampling temperature.
  static func support(
    _ exponentials: Matrix, count: Int, options: SamplingOptions
  ) -> [Int32]? {
    let weights = (0..<count).map { exponentials[0, $0] }
    var order = (0..<count).sorted { (weights[$0], $1) > (weights[$1], $0) }
    if let k = options.topK, k < order.count { order.removeLast(order.count - k) }
    if options.topP < 1 {
      let total = order.reduce(0.0) { $0 + Double(weights[$1]) }
      var kept = 0
      var sum = 0.0
      while kept < order.count, kept == 0 || sum < options.topP * total {
        sum += Double(weights[order[kept]])
        kept += 1
      }
      order.removeLast(order.count - kept)
    }
    if options.minP > 0 {
      let floor = options.minP * Double(weights[order[0]])
      let kept = order.firstIndex { Double(weights[$0]) < floor } ?? order.count
      order.removeLast(order.count - kept)
    }
    return order.count == count ? nil : order.sorted().map(Int32.init)
  }
}

internal import CKernels

extension FloatBuffer {
  /// The numbers in double precision.
  package var doubles: [Double] { (0..<count).map { Double(self[$0]) } }

  /// Overwrites this buffer with as many numbers, each rounded once.
  package func set(_ values: [Double]) {
    precondition(values.count == count)
    for (i, value) in values.enumerated() { unsafe pointer[i] = Float(value) }
    countWrite()
  }

  /// this ← this + factor·x, each element rounded once; both have the same count.
  package func add(_ x: FloatBuffer, times factor: Float, workers: Workers) {
    precondition(x.count == count)
    let piece = 1 << 16
    workers.run((count + piece - 1) / piece) { task, _ in
      let range = Workers.chunk(task, of: self.count, size: piece)
      unsafe ck_axpy(
        self.pointer + range.lowerBound, x.pointer + range.lowerBound, factor, range.count)
    }
    countWrite()
  }
}

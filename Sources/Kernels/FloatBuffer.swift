internal import CKernels
internal import Synchronization

/// Floats in one aligned allocation, zero at first.
@safe package final class FloatBuffer: @unchecked Sendable {
  // SAFETY: the allocation lives as long as the object, and every access outside the kernels is
  // bounds-checked. The pointer never changes; kernels that run at the same time write disjoint
  // rows, which is the rule of `Workers.run`.
  let pointer: UnsafeMutablePointer<Float>
  package let count: Int
  private let writes = Atomic(0)

  /// Sixteen floats more are allocated, since a vector load may start in the last row.
  package init(count: Int) {
    precondition(count >= 0)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: (count + 16) * 4, alignment: 64)
    unsafe pointer = raw.bindMemory(to: Float.self, capacity: count + 16)
    unsafe pointer.initialize(repeating: 0, count: count + 16)
    self.count = count
  }

  deinit { unsafe pointer.deallocate() }

  /// The number of the last write: what was computed from these numbers holds while it is the same.
  ///
  /// Rows and gradients that kernels write are not counted; nothing is computed from them that
  /// outlives them.
  package var lastWrite: Int { writes.load(ordering: .relaxed) }

  /// To be called by whatever overwrites numbers of this buffer as a whole.
  func countWrite() { writes.wrappingAdd(1, ordering: .relaxed) }

  package func fill(_ value: Float = 0) {
    unsafe pointer.update(repeating: value, count: count)
    countWrite()
  }

  /// Overwrites this buffer with the numbers of `other`, of equal count.
  package func copy(from other: FloatBuffer) {
    precondition(count == other.count)
    unsafe pointer.update(from: other.pointer, count: count)
    countWrite()
  }

  package subscript(index: Int) -> Float {
    get { unsafe pointer[checked(index)] }
    set {
      unsafe pointer[checked(index)] = newValue
      countWrite()
    }
  }

  private func checked(_ index: Int) -> Int {
    precondition(0 <= index && index < count)
    return index
  }
}

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
    workers.run(0..<count, chunksOf: Self.chunk) { range, _ in
      unsafe ck_axpy(
        self.pointer + range.lowerBound, x.pointer + range.lowerBound, factor, range.count)
    }
    countWrite()
  }

  /// √Σ x²: chunks of fixed size in double precision, added in order.
  package func euclideanNorm(_ workers: Workers) -> Double {
    let sums = Mutex([Double](repeating: 0, count: (count + Self.chunk - 1) / Self.chunk))
    workers.run(0..<count, chunksOf: Self.chunk) { range, _ in
      let sum = unsafe ck_sum_of_squares(self.pointer + range.lowerBound, range.count)
      sums.withLock { $0[range.lowerBound / Self.chunk] = sum }
    }
    return sums.withLock { $0.reduce(0, +) }.squareRoot()
  }

  /// Numbers that one task goes over.
  static let chunk = 1 << 16
}

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
    get {
      precondition(0 <= index && index < count)
      return unsafe pointer[index]
    }
    set {
      precondition(0 <= index && index < count)
      unsafe pointer[index] = newValue
      countWrite()
    }
  }
}

/// A view of rows of floats in a buffer; copies share the numbers.
///
/// Shape: [rows, columns], row stride `stride` ≥ columns, a multiple of 16; lanes past `columns`
/// hold zeros. Two kernels may work on one matrix at the same time if their rows differ.
package struct Matrix: Sendable {
  package let buffer: FloatBuffer
  package let offset: Int
  package let rows: Int
  package let columns: Int
  package let stride: Int

  package init(rows: Int, columns: Int) {
    self.init(
      buffer: FloatBuffer(count: rows * columns.roundedUp(to: 16)), offset: 0, rows: rows,
      columns: columns)
  }

  /// Rows that lie in a larger buffer from `offset` on.
  package init(buffer: FloatBuffer, offset: Int, rows: Int, columns: Int) {
    (self.buffer, self.offset, self.rows, self.columns) = (buffer, offset, rows, columns)
    stride = columns.roundedUp(to: 16)
    precondition(offset >= 0 && offset + rows * stride <= buffer.count)
  }

  package subscript(row: Int, column: Int) -> Float {
    get {
      precondition(0 <= row && row < rows && 0 <= column && column < columns)
      return buffer[offset + row * stride + column]
    }
    nonmutating set {
      precondition(0 <= row && row < rows && 0 <= column && column < columns)
      buffer[offset + row * stride + column] = newValue
    }
  }

  /// Sets all columns of the rows to zero.
  package func clear(rows: Range<Int>) {
    unsafe pointer(rows).update(repeating: 0, count: rows.count * stride)
  }

  /// Overwrites rows `rows` with as many rows of `source` from `first` on.
  package func copy(rows: Range<Int>, from source: Matrix, first: Int) {
    precondition(source.stride == stride)
    let input = unsafe source.pointer(first..<first + rows.count)
    unsafe pointer(rows).update(from: input, count: rows.count * stride)
  }

  /// Where the first of `rows` starts, after checking that all of them exist.
  func pointer(_ rows: Range<Int>) -> UnsafeMutablePointer<Float> {
    precondition(0 <= rows.lowerBound && rows.upperBound <= self.rows)
    return unsafe buffer.pointer + offset + rows.lowerBound * stride
  }

  var pointer: UnsafeMutablePointer<Float> { unsafe buffer.pointer + offset }
}

extension Int {
  package func roundedUp(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}

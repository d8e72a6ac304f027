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
    get { buffer[index(row, column)] }
    nonmutating set { buffer[index(row, column)] = newValue }
  }

  private func index(_ row: Int, _ column: Int) -> Int {
    precondition(0 <= row && row < rows && 0 <= column && column < columns)
    return offset + row * stride + column
  }

  /// Sets all columns of the rows to zero.
  package func clear(rows: Range<Int>) {
    // SAFETY: `pointer` checks the rows, which lie within the buffer.
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

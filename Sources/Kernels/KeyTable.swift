/// Which rows a row attends to: the rows of its sequence up to its own position.
///
/// A sequence is a list of rows, one per position, wherever they are stored; a completion's list
/// begins with its prompt's rows. Shapes: table: [sequences, capacity]; per row: sequence, position.
package struct KeyTable: Sendable {
  private var rows: [Int32] = []  // [sequences · capacity]
  package private(set) var sequences: [Int32] = []  // of each row
  package private(set) var positions: [Int32] = []  // of each row
  package let capacity: Int

  package init(capacity: Int) { self.capacity = capacity }

  /// Adds a sequence, empty or with the first rows of another.
  package mutating func appendSequence(copying parent: (sequence: Int, length: Int)?) {
    let start = rows.count
    rows.append(contentsOf: repeatElement(-1, count: capacity))
    guard let (sequence, length) = parent else { return }
    for position in 0..<length { rows[start + position] = rows[sequence * capacity + position] }
  }

  /// Adds the next row; rows are numbered as they come.
  package mutating func append(row: Int, sequence: Int, position: Int) {
    precondition(row == sequences.count && position < capacity)
    rows[sequence * capacity + position] = Int32(row)
    sequences.append(Int32(sequence))
    positions.append(Int32(position))
  }

  package func row(_ sequence: Int, _ position: Int) -> Int {
    Int(rows[sequence * capacity + position])
  }

  /// Whether none of `rows`, the last, attends to another of them, as in a decoding step.
  package func areIndependent(_ rows: Range<Int>) -> Bool {
    // A sequence's rows come in ascending order, a shared prompt's before its completions', so the
    // row at the position before is the last of those that a row attends to.
    rows.allSatisfy { row in
      let (sequence, position) = (Int(sequences[row]), Int(positions[row]))
      return position == 0 || self.row(sequence, position - 1) < rows.lowerBound
    }
  }

  package mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    sequences.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
  }

  func withPointers(
    _ body: (UnsafePointer<Int32>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> Void
  ) {
    // SAFETY: the arrays live until `body` returns, which keeps no pointer.
    unsafe rows.withUnsafeBufferPointer { rows in
      unsafe sequences.withUnsafeBufferPointer { sequences in
        unsafe positions.withUnsafeBufferPointer { positions in
          guard let rows = rows.baseAddress, let sequences = sequences.baseAddress,
            let positions = positions.baseAddress
          else { return }
          unsafe body(rows, sequences, positions)
        }
      }
    }
  }

  /// Checks that every row of `range` lies in a sequence and is stored below `limit`.
  ///
  /// The entries before its own were appended earlier, so they are smaller numbers.
  func check(_ range: Range<Int>, limit: Int) {
    precondition(0 <= range.lowerBound && range.upperBound <= sequences.count)
    precondition(sequences.count == positions.count)
    for row in range {
      let start = Int(sequences[row]) * capacity
      precondition(positions[row] >= 0 && Int(positions[row]) < capacity)
      precondition(start >= 0 && start + Int(positions[row]) < rows.count)
      let own = rows[start + Int(positions[row])]
      precondition(own >= 0 && Int(own) < limit)
    }
  }
}

import Kernels
import Testing

@Suite struct KeyTableTests {
  /// A prompt of two rows, and two completions of it that have a row each.
  private var table: KeyTable {
    var table = KeyTable(capacity: 4)
    table.appendSequence(copying: nil)
    table.append(row: 0, sequence: 0, position: 0)
    table.append(row: 1, sequence: 0, position: 1)
    for _ in 0..<2 { table.appendSequence(copying: (0, 2)) }
    table.append(row: 2, sequence: 2, position: 2)
    table.append(row: 3, sequence: 1, position: 2)
    return table
  }

  @Test func aCompletionBeginsWithItsPromptsRows() {
    for sequence in 1...2 { #expect((0..<2).map { table.row(sequence, $0) } == [0, 1]) }
    #expect(table.row(1, 2) == 3 && table.row(2, 2) == 2)
    #expect(table.sequences == [0, 0, 2, 1] && table.positions == [0, 1, 2, 2])
  }

  @Test func rowsAreIndependentWhereNoneAttendsToAnother() {
    #expect(table.areIndependent(2..<4) && table.areIndependent(3..<4))
    #expect(!table.areIndependent(0..<4) && !table.areIndependent(1..<3))
    var longer = table
    longer.append(row: 4, sequence: 2, position: 3)
    #expect(longer.areIndependent(3..<5) && !longer.areIndependent(2..<5))
    // Of a sequence's first row there is nothing before.
    longer.appendSequence(copying: nil)
    longer.append(row: 5, sequence: 3, position: 0)
    #expect(longer.areIndependent(3..<6))
  }

  @Test func nothingIsLeftAfterRemovingAll() {
    var table = table
    table.removeAll()
    table.appendSequence(copying: nil)
    table.append(row: 0, sequence: 0, position: 0)
    #expect(table.row(0, 0) == 0 && table.sequences == [0])
  }
}

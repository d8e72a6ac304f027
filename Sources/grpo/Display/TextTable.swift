/// Columns of text, aligned at their left ends.
struct TextTable {
  private var rows: [(cells: [String], isTitle: Bool)] = []

  mutating func append(_ cells: [String]) { rows.append((cells, false)) }

  mutating func append(title cells: [String]) { rows.append((cells, true)) }

  /// One line for each row, without spaces at its end.
  func lines(on terminal: Terminal) -> [String] {
    let columns = rows.map(\.cells.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.cells.count ? $0.cells[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      let cells = row.cells.enumerated().map { $1.filled(toAtLeast: widths[$0]) }
      var line = cells.joined(separator: "   ")
      while line.last == " " { line.removeLast() }
      return row.isTitle ? terminal.styled(line, .dim) : line
    }
  }
}

/// Columns of text, aligned at their left ends.
///
/// Where lines go to a terminal, they fit it. Columns that do not fit go below the others, each
/// block with the first column again; a cell wider than a line is broken. Elsewhere each row is one
/// line, however long.
struct TextTable {
  private struct Row {
    var cells: [String]
    var isTitle = false
    /// Whether the first cell is a line of its own, which makes no column wider.
    var isHeading = false
  }

  private var rows: [Row] = []
  /// Whether the last column is sentences, which are broken at their words before columns are moved.
  private let endsInSentences: Bool

  init(endsInSentences: Bool = false) { self.endsInSentences = endsInSentences }

  mutating func append(_ cells: [String]) { rows.append(Row(cells: cells)) }

  mutating func append(title cells: [String]) { rows.append(Row(cells: cells, isTitle: true)) }

  /// Adds a line that belongs to no column.
  mutating func append(heading text: String) {
    rows.append(Row(cells: [text], isTitle: true, isHeading: true))
  }

  private static let gap = 3
  private static let narrowGap = 2
  /// Columns that a sentence needs beside others.
  private static let leastSentence = 24

  /// Columns of its longest line, where each row is one.
  var width: Int { Self.width(rows, gap: Self.gap) }

  /// The table as lines without spaces at their ends.
  func lines(on terminal: Terminal) -> [String] {
    guard let width = terminal.lineWidth, self.width > width else {
      return Self.lines(rows, Self.widths(rows), gap: Self.gap, on: terminal)
    }
    if endsInSentences { return sentences(width: width, on: terminal) }
    for rows in [rows, Self.withTitlesApart(rows, from: 0)]
    where Self.width(rows, gap: Self.narrowGap) <= width {
      return Self.lines(rows, Self.widths(rows), gap: Self.narrowGap, on: terminal)
    }
    return Self.sections(rows).flatMap { Self.blocks($0, width: width, on: terminal) }
  }

  // MARK: Rows in lines

  private static func widths(_ rows: [Row]) -> [Int] {
    let rows = rows.filter { !$0.isHeading }
    return (0..<(rows.map(\.cells.count).max() ?? 0)).map { column in
      rows.map { column < $0.cells.count ? $0.cells[column].columns : 0 }.max() ?? 0
    }
  }

  private static func width(_ rows: [Row], gap: Int) -> Int {
    let widths = widths(rows)
    return widths.reduce(0, +) + gap * max(0, widths.count - 1)
  }

  /// One line for each row, or several where a cell is wider than its column.
  private static func lines(
    _ rows: [Row], _ widths: [Int], gap: Int, on terminal: Terminal
  ) -> [String] {
    let separator = String(repeating: " ", count: gap)
    return rows.flatMap { row -> [String] in
      if row.isHeading {
        return terminal.wrapped(row.cells[0], indent: 2).map { terminal.styled($0, .dim) }
      }
      let cells = row.cells.enumerated().map { column, cell in
        cell.columns > widths[column] ? cell.broken(to: widths[column]) : cell.wrapped(to: nil)
      }
      return (0..<(cells.map(\.count).max() ?? 0)).map { number in
        let line = cells.enumerated().map { column, lines in
          (number < lines.count ? lines[number] : "").filled(toAtLeast: widths[column])
        }.joined(separator: separator).withoutSpacesAtEnd
        return row.isTitle ? terminal.styled(line, .dim) : line
      }
    }
  }

  // MARK: Tables that are too wide

  /// Titles that make the first column wider as lines of their own.
  ///
  /// - Parameter least: The columns that such a title has at least.
  private static func withTitlesApart(_ rows: [Row], from least: Int) -> [Row] {
    let widest = rows.filter { !$0.isTitle }.compactMap(\.cells.first?.columns).max() ?? 0
    let names = max(widest, least)
    return rows.flatMap { row in
      guard row.isTitle, !row.isHeading, let first = row.cells.first, first.columns > names else {
        return [row]
      }
      return [
        Row(cells: [first], isTitle: true, isHeading: true),
        Row(cells: [""] + row.cells.dropFirst(), isTitle: true),
      ]
    }
  }

  /// A title and the rows below it.
  private static func sections(_ rows: [Row]) -> [[Row]] {
    rows.reduce(into: []) { sections, row in
      if (row.isTitle && !row.isHeading) || sections.isEmpty { sections.append([]) }
      sections[sections.count - 1].append(row)
    }
  }

  /// As many columns as fit beside the first one, then as many of the others, and so on.
  private static func blocks(_ rows: [Row], width: Int, on terminal: Terminal) -> [String] {
    let rows = withTitlesApart(rows, from: width / 3)
    let widths = widths(rows)
    guard widths.count > 1 else {
      return lines(rows, widths.map { min($0, width) }, gap: narrowGap, on: terminal)
    }
    let widest = widths.dropFirst().max() ?? 0
    let first = min(widths[0], max(width / 2, width - narrowGap - widest))
    let most = width - first - narrowGap
    var blocks: [[Int]] = []
    var used = 0
    for column in 1..<widths.count {
      let needed = min(widths[column], most) + narrowGap
      if blocks.isEmpty || used + needed > width {
        blocks.append([])
        used = first
      }
      blocks[blocks.count - 1].append(column)
      used += needed
    }
    return blocks.enumerated().flatMap { index, columns in
      let shown = rows.compactMap { row -> Row? in
        if row.isHeading { return index == 0 ? row : nil }
        let cells = columns.map { $0 < row.cells.count ? row.cells[$0] : "" }
        if cells.allSatisfy(\.isEmpty), index > 0 || row.isTitle { return nil }
        return Row(cells: [row.cells.first ?? ""] + cells, isTitle: row.isTitle)
      }
      return lines(
        shown, [first] + columns.map { min(widths[$0], most) }, gap: narrowGap, on: terminal)
    }
  }

  /// The last column beside the others, or below them.
  private func sentences(width: Int, on terminal: Terminal) -> [String] {
    let widths = Self.widths(rows)
    let others = widths.dropLast()
    let used = others.reduce(0, +) + Self.narrowGap * others.count
    if width - used >= Self.leastSentence {
      return Self.lines(rows, others + [width - used], gap: Self.narrowGap, on: terminal)
    }
    let indent = (others.first ?? 0) + Self.narrowGap
    let fitsBelow =
      others.count > 1 && used - Self.narrowGap <= width && width - indent >= Self.leastSentence
    return rows.flatMap { row -> [String] in
      guard let last = row.cells.last, row.cells.count > 1 else { return row.cells }
      if fitsBelow {
        let beginning = Row(cells: Array(row.cells.dropLast()))
        return Self.lines([beginning], Array(others), gap: Self.narrowGap, on: terminal)
          + last.wrapped(to: width - indent).map { String(repeating: " ", count: indent) + $0 }
      }
      let name = row.cells[0]
      let deeper = String(repeating: " ", count: name.prefix { $0 == " " }.count + 4)
      return [name]
        + row.cells.dropFirst().flatMap { cell in
          cell.wrapped(to: width - deeper.count).map { deeper + $0 }
        }
    }
  }
}

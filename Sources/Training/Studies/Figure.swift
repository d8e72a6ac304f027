/// Rows of charts with one legend, as a Scalable Vector Graphic.
///
/// A chart's series are lines, with bands around them and the single lines that they are means of.
/// Lines of different series differ in colour and, from the eighth on, in dashes. The colours are
/// those that people of any colour vision tell apart: Okabe and Ito 2008, "Color Universal Design"
/// (<https://jfly.uni-koeln.de/color/>), without the yellow, which is too light on white.
package struct Figure: Sendable, Equatable {
  /// The charts, from left to right in rows from top to bottom.
  package var rows: [[LineChart]]
  /// A sentence below the legend: what lines and bands are.
  package var note: String

  /// Charts side by side, at most three in a row.
  package init(charts: [LineChart], note: String = "") {
    self.init(groups: [charts], note: note)
  }

  /// Groups of charts, each of which starts a row, at most three in a row.
  package init(groups: [[LineChart]], note: String = "") {
    rows = groups.flatMap { charts in
      // Rows of one length: four charts are two and two.
      let count = max(1, (charts.count + Self.most - 1) / Self.most)
      let length = max(1, (charts.count + count - 1) / count)
      return stride(from: 0, to: charts.count, by: length).map {
        Array(charts[$0..<min($0 + length, charts.count)])
      }
    }
    self.note = note
  }

  /// All charts, row by row.
  package var charts: [LineChart] { rows.flatMap(\.self) }

  private static let colors = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
  ]
  private static let dashes = ["", "7 3", "2 3", "9 3 2 3"]

  private static let chart = (width: 440.0, height: 310.0)
  /// What a chart leaves free around its axes.
  private static let margin = (left: 62.0, right: 18.0, top: 34.0, bottom: 46.0)
  private static let legendLine = 19.0
  private static let most = 3

  /// The picture: the same charts always give the same text.
  package var svg: String {
    let columns = max(1, rows.map(\.count).max() ?? 0)
    let bottom = Double(max(1, rows.count)) * Self.chart.height
    let width = Double(columns) * Self.chart.width
    let names = legend
    let perLine = max(1, Int((width - 2 * Self.legendLine) / entryWidth(names)))
    let legendHeight = Double((names.count + perLine - 1) / perLine + 1) * Self.legendLine
    let noteHeight = note.isEmpty ? 0 : Self.legendLine
    var drawing = Drawing(width: width, height: bottom + legendHeight + noteHeight)
    for (row, charts) in rows.enumerated() {
      for (column, chart) in charts.enumerated() {
        draw(
          chart, at: (Double(column) * Self.chart.width, Double(row) * Self.chart.height),
          on: &drawing)
      }
    }
    for (index, name) in names.enumerated() {
      let x = Self.legendLine + Double(index % perLine) * entryWidth(names)
      let y = bottom + (Double(index / perLine) + 0.5) * Self.legendLine
      drawing.line([(x, y), (x + 26, y)], color: color(index), width: 2, dashes: dashes(index))
      drawing.text(name, at: (x + 32, y + 4), size: 12, anchor: .start)
    }
    if !note.isEmpty {
      drawing.text(
        note, at: (Self.legendLine, bottom + legendHeight + 4), size: 12, anchor: .start)
    }
    return drawing.text
  }

  /// The series' names, those of the first chart first.
  private var legend: [String] {
    charts.flatMap(\.series).map(\.name).reduce(into: []) { names, name in
      if !names.contains(name) { names.append(name) }
    }
  }

  /// Room for the longest name; the letters of a sans serif are about as wide as half their size.
  private func entryWidth(_ names: [String]) -> Double {
    50 + 6.8 * Double(names.map(\.count).max() ?? 0)
  }

  private func color(_ index: Int) -> String { Self.colors[index % Self.colors.count] }

  private func dashes(_ index: Int) -> String {
    Self.dashes[index / Self.colors.count % Self.dashes.count]
  }

  private func draw(
    _ chart: LineChart, at origin: (x: Double, y: Double), on drawing: inout Drawing
  ) {
    let (left, right) = (
      origin.x + Self.margin.left, origin.x + Self.chart.width - Self.margin.right
    )
    let (top, bottom) = (
      origin.y + Self.margin.top, origin.y + Self.chart.height - Self.margin.bottom
    )
    let (xAxis, yAxis) = (chart.xAxis, chart.yAxis)
    func place(_ x: Double, _ y: Double) -> (Double, Double) {
      // A band may reach beyond what values can be.
      let inside = min(max(y, yAxis.lower), yAxis.upper)
      return (
        left + xAxis.position(x) * (right - left), bottom - yAxis.position(inside) * (bottom - top)
      )
    }
    for tick in yAxis.ticks {
      let y = place(xAxis.lower, tick).1
      drawing.line([(left, y), (right, y)], color: "#e4e4e4", width: 1)
      drawing.number(tick, digits: yAxis.digits, at: (left - 8, y + 4), anchor: .end)
    }
    for tick in xAxis.ticks {
      let x = place(tick, yAxis.lower).0
      drawing.line([(x, bottom), (x, bottom + 4)], color: "#555555", width: 1)
      drawing.number(tick, digits: xAxis.digits, at: (x, bottom + 18), anchor: .middle)
    }
    drawing.line([(left, top), (left, bottom), (right, bottom)], color: "#555555", width: 1)
    drawing.text(
      chart.title, at: ((left + right) / 2, top - 14), size: 14, anchor: .middle, isBold: true)
    drawing.text(chart.xLabel, at: ((left + right) / 2, bottom + 36), size: 12, anchor: .middle)
    drawing.text(
      chart.yLabel, at: (origin.x + 16, (top + bottom) / 2), size: 12, anchor: .middle,
      isVertical: true)
    let names = legend
    // All bands lie below all lines.
    for series in chart.series {
      let points = series.points.filter { $0.y.isFinite && $0.spread.isFinite }
      guard points.contains(where: { $0.spread > 0 }) else { continue }
      let upper = points.map { place($0.x, $0.y + $0.spread) }
      let lower = points.reversed().map { place($0.x, $0.y - $0.spread) }
      drawing.area(upper + lower, color: color(names.firstIndex(of: series.name) ?? 0))
    }
    for series in chart.series {
      for points in series.singles {
        drawing.line(
          points.filter(\.y.isFinite).map { place($0.x, $0.y) },
          color: color(names.firstIndex(of: series.name) ?? 0), width: 0.8, isFaint: true)
      }
    }
    for series in chart.series {
      let index = names.firstIndex(of: series.name) ?? 0
      drawing.line(
        series.points.filter(\.y.isFinite).map { place($0.x, $0.y) }, color: color(index),
        width: 2, dashes: dashes(index))
    }
  }
}

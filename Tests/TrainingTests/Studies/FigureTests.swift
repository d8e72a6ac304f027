import Foundation
import FoundationXML
import Testing
import Training

@Suite struct FigureTests {
  /// Counts elements and collects texts; what is no XML is an error.
  private final class Reader: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    var texts: [String] = []
    var lines: [[String: String]] = []
    var areas: [String] = []

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      counts[name, default: 0] += 1
      if name == "text" { texts.append("") }
      if name == "polygon" { areas.append(attributes["points"] ?? "") }
      if name == "polyline", attributes["stroke-width"] == "2" { lines.append(attributes) }
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
      if !texts.isEmpty, text != "\n" { texts[texts.count - 1] += text }
    }
  }

  private func read(_ figure: Figure) throws -> Reader {
    let reader = Reader()
    let parser = XMLParser(data: Data(figure.svg.utf8))
    parser.delegate = reader
    try #require(parser.parse())
    return reader
  }

  private func chart(_ series: [LineChart.Series]) -> LineChart {
    LineChart(title: "a & b", xLabel: "step", yLabel: "y < 1", series: series)
  }

  @Test func everySeriesHasALineABandAndAPlaceInTheLegend() throws {
    let points = [0.0, 50, 100].map { LineChart.Point(x: $0, y: $0 / 2, spread: 1) }
    let bare = points.map { LineChart.Point(x: $0.x, y: $0.y) }
    let reader = try read(
      Figure(charts: [
        chart([.init(name: "one", points: points), .init(name: "two", points: bare)]),
        chart([.init(name: "two", points: points)]),
      ]))
    // Three lines and two entries of the legend.
    #expect(reader.lines.count == 5)
    #expect(reader.counts["polygon"] == 2)
    #expect(reader.texts.filter { $0 == "two" }.count == 1)
    #expect(reader.texts.contains("a & b") && reader.texts.contains("y < 1"))
    // The same name has the same colour in both charts and in the legend.
    #expect(reader.lines.map { $0["stroke"] ?? "" }.suffix(2) == ["#0072B2", "#D55E00"])
    #expect(reader.lines[2]["stroke"] == "#D55E00")
  }

  @Test func pointsLieWhereTheAxesSay() throws {
    let reader = try read(
      Figure(charts: [
        chart([
          .init(name: "s", points: [.init(x: 0, y: 0), .init(x: 5, y: 10), .init(x: 10, y: 5)])
        ])
      ]))
    // The axes reach from (62, 264) to (422, 34): 360 wide, 230 high, from 0 to 10.5.
    #expect(reader.lines.first?["points"] == "62,264 242,44.95 422,154.48")
  }

  @Test func twentyEightSeriesAreToldApart() throws {
    let series = (0..<28).map { index in
      LineChart.Series(
        name: "s\(index)", points: [.init(x: 0, y: 0), .init(x: 1, y: Double(index))])
    }
    let reader = try read(Figure(charts: [chart(series)]))
    let looks = reader.lines.prefix(28).map {
      "\($0["stroke"] ?? "") \($0["stroke-dasharray"] ?? "")"
    }
    #expect(Set(looks).count == 28)
  }

  @Test(arguments: [
    ([0.0, 100], [0.0, 20, 40, 60, 80, 100], 0),
    ([0.12, 0.31], [0.15, 0.2, 0.25, 0.3], 2),
    ([0.9, 0.95], [0.9, 0.91, 0.92, 0.93, 0.94, 0.95], 2),
    ([-3, 4], [-2, 0, 2, 4], 0),
    ([0, 1234], [0, 200, 400, 600, 800, 1000, 1200], 0),
    ([7, 7], [4, 5, 6, 7, 8, 9, 10], 0),
    ([], [0, 0.2, 0.4, 0.6, 0.8, 1], 1),
  ])
  func ticksAreRoundNumbersWithinTheValues(values: [Double], ticks: [Double], digits: Int) {
    let axis = LineChart.Axis(covering: values, count: 6)
    #expect(axis.ticks.count == ticks.count)
    // The ticks are products of decimal fractions, which round by an ulp.
    for (tick, expected) in zip(axis.ticks, ticks) { #expect(abs(tick - expected) < 1e-12) }
    #expect(axis.digits == digits)
  }

  @Test func axesBeginWhereNumbersDoAndKeepWithinTheirBounds() {
    func axis(_ values: [Double], within bounds: ClosedRange<Double>? = nil) -> [Double] {
      let axis = LineChart.Axis(covering: values, count: 6, margin: 0.05, within: bounds)
      return [axis.lower, axis.upper].map { ($0 * 1e9).rounded() / 1e9 }
    }
    #expect(axis([0.9, 0.95]) == [0.8975, 0.9525])
    // No margin makes a number negative that cannot be seen to be.
    #expect(axis([0, 2]) == [0, 2.1])
    #expect(axis([-2, 0]) == [-2.1, 0])
    #expect(axis([60, 104], within: 0...100) == [57.8, 100])
    #expect(axis([0, 0], within: 0...100) == [0, 1])
  }

  @Test func singleLinesAreThinAndANoteStandsBelow() throws {
    let points = [0.0, 50].map { LineChart.Point(x: $0, y: $0 + 50, spread: 10) }
    var chart = chart([
      .init(name: "mean", points: points, singles: [points, points.map { .init(x: $0.x, y: 9) }])
    ])
    chart.yBounds = 0...100
    let figure = Figure(groups: [[chart, chart], [chart]], note: "band: ± 1")
    let reader = try read(figure)
    #expect(figure.rows.map(\.count) == [2, 1])
    let counts = (0...7).map {
      Figure(charts: Array(repeating: chart, count: $0)).rows.map(\.count)
    }
    #expect(counts == [[], [1], [2], [3], [2, 2], [3, 2], [3, 3], [3, 3, 1]])
    #expect(reader.texts.contains("band: ± 1"))
    #expect(figure.svg.components(separatedBy: "stroke-width=\"0.8\"").count == 1 + 6)
    // Two single lines and a mean within the axes: y = 34 is 100.
    #expect(reader.lines.first?["points"]?.hasSuffix("422,34") == true)
    #expect(reader.areas.first?.contains("422,34 ") == true)
  }

  @Test func nothingToShowIsStillAPicture() throws {
    #expect(try read(Figure(charts: [])).counts["svg"] == 1)
    let reader = try read(Figure(charts: [chart([.init(name: "none", points: [])])]))
    #expect(reader.texts.contains("none"))
  }
}

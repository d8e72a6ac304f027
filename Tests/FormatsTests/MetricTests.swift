import Formats
import Testing

@Suite struct MetricTests {
  private static let mean = Metric.Name("mean")
  private static let least = Metric.Name("least", over: .smallest)
  private static let most = Metric.Name("most", over: .largest)

  @Test func severalBecomeOneAsTheirNameSays() {
    let combined = [
      Metric(Self.mean, 1), Metric(Self.least, 3), Metric(Self.most, 3), Metric(Self.mean, 2),
      Metric(Self.least, -1), Metric(Self.most, -1),
    ].combined()
    #expect(combined == [Metric(Self.mean, 1.5), Metric(Self.least, -1), Metric(Self.most, 3)])
  }

  /// Where updates differ in what they report, the mean is over those that do.
  @Test func whatIsMissingCountsForNothing() {
    let updates = [
      [Metric(Self.mean, 4)], [Metric(Self.most, 7), Metric(Self.mean, 8)],
      [Metric(Self.most, 5)],
    ]
    #expect(updates.joined().combined() == [Metric(Self.mean, 6), Metric(Self.most, 7)])
  }

  @Test func aSingleNumberStaysAsItIs() {
    #expect([Metric(Self.mean, -0.0)].combined()[0].value.sign == .minus)
    #expect([Metric]().combined().isEmpty)
  }

  /// "é" as one scalar and as two is one `String`, and two names.
  @Test func namesAreToldApartByTheirBytes() {
    let names = ["\u{e9}", "e\u{301}"].map { Metric.Name($0) }
    #expect(names[0] != names[1] && Set(names).count == 2)
    #expect(Metric.Name("a") == Metric.Name("a", over: .largest))
    #expect(names.map { Metric($0, 1) }.combined().count == 2)
  }

  @Test func aLineIsReadByNames() {
    var line = JSONObject()
    line[Self.most] = .number(2)
    #expect(line["most"]?.double == 2 && line[Self.most]?.double == 2 && line[Self.mean] == nil)
  }
}

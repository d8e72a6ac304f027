/// Lines with bands over a common pair of axes.
public struct LineChart: Sendable, Equatable {
  public struct Point: Sendable, Equatable {
    public var x: Double
    public var y: Double
    /// How far the band reaches to either side of y; 0 for none.
    public var spread: Double

    public init(x: Double, y: Double, spread: Double = 0) {
      (self.x, self.y, self.spread) = (x, y, spread)
    }
  }

  public struct Series: Sendable, Equatable {
    public var name: String
    /// From left to right.
    public var points: [Point]

    public init(name: String, points: [Point]) { (self.name, self.points) = (name, points) }
  }

  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]

  public init(title: String, xLabel: String, yLabel: String, series: [Series]) {
    (self.title, self.xLabel, self.yLabel) = (title, xLabel, yLabel)
    self.series = series
  }

  private var points: [Point] { series.flatMap(\.points).filter { $0.y.isFinite } }

  var xAxis: Axis { Axis(covering: points.map(\.x), count: 6) }
  var yAxis: Axis {
    Axis(covering: points.flatMap { [$0.y - $0.spread, $0.y + $0.spread] }, count: 6)
  }
}

extension LineChart {
  /// A range from tick to tick, at multiples of 1, 2 or 5 times a power of ten.
  package struct Axis: Equatable {
    package let ticks: [Double]
    /// Digits after the point that tell the ticks apart.
    package let digits: Int

    var lower: Double { ticks.first ?? 0 }
    var upper: Double { ticks.last ?? 1 }

    /// At most `count` intervals around all of `values`; 0 to 1 around none.
    ///
    /// Equal values get an interval to either side.
    package init(covering values: [Double], count: Int) {
      var (low, high) = (values.min() ?? 0, values.max() ?? 1)
      if low == high {
        let margin = low == 0 ? 1 : abs(low) / 2
        (low, high) = (low - margin, high + margin)
      }
      let steps = (-12...12).flatMap { power in [1.0, 2, 5].map { (power, $0 * power.powerOfTen) } }
      // The finest that needs no more than `count` intervals.
      func multiples(_ step: Double) -> ClosedRange<Double> {
        (low / step + 1e-9).rounded(.down)...(high / step - 1e-9).rounded(.up)
      }
      let step =
        steps.first { multiples($0.1).upperBound - multiples($0.1).lowerBound <= Double(count) }
        ?? (0, high - low)
      let range = multiples(step.1)
      ticks = (0...Int(range.upperBound - range.lowerBound)).map {
        (range.lowerBound + Double($0)) * step.1
      }
      digits = max(0, -step.0)
    }

    /// Where a value lies between the ends: 0 to 1.
    func position(_ value: Double) -> Double { (value - lower) / (upper - lower) }
  }
}

extension Int {
  fileprivate var powerOfTen: Double {
    let magnitude = (0..<abs(self)).reduce(1.0) { power, _ in power * 10 }
    return self < 0 ? 1 / magnitude : magnitude
  }
}

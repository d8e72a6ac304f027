/// Lines, with bands around them, over one pair of axes.
package struct LineChart: Sendable, Equatable {
  /// A point of a line, in the units of the axes.
  package struct Point: Sendable, Equatable {
    package var x: Double
    package var y: Double
    /// How far the band reaches to either side of y, in y's unit; 0 for none.
    package var spread: Double

    package init(x: Double, y: Double, spread: Double = 0) {
      (self.x, self.y, self.spread) = (x, y, spread)
    }
  }

  /// A line with its name in the legend.
  package struct Series: Sendable, Equatable {
    package var name: String
    /// The line's points, from left to right.
    package var points: [Point]
    /// Lines that the points are means of, drawn thin; none where there is nothing to tell apart.
    package var singles: [[Point]]

    /// A line, with the single lines that it is the mean of, if any.
    package init(name: String, points: [Point], singles: [[Point]] = []) {
      (self.name, self.points, self.singles) = (name, points, singles)
    }
  }

  package var title: String
  package var xLabel: String
  package var yLabel: String
  package var series: [Series]
  /// What y cannot lie outside of, as 0 to 100 for percentages; nil where there are no such ends.
  package var yBounds: ClosedRange<Double>?

  /// A chart whose axes cover all of its series.
  package init(
    title: String, xLabel: String, yLabel: String, series: [Series],
    yBounds: ClosedRange<Double>? = nil
  ) {
    (self.title, self.xLabel, self.yLabel) = (title, xLabel, yLabel)
    (self.series, self.yBounds) = (series, yBounds)
  }

  private var points: [Point] {
    series.flatMap { $0.points + $0.singles.joined() }.filter(\.y.isFinite)
  }

  var xAxis: Axis { Axis(covering: points.map(\.x), count: 6) }
  var yAxis: Axis {
    Axis(
      covering: points.flatMap { [$0.y - $0.spread, $0.y + $0.spread] }.filter(\.isFinite),
      count: 6, margin: 0.05, within: yBounds)
  }
}

extension LineChart {
  /// A range that begins and ends where numbers do, with ticks at multiples of 1, 2 or 5 times a
  /// power of ten.
  package struct Axis: Equatable {
    package let lower: Double
    package let upper: Double
    /// The round numbers within the range.
    package let ticks: [Double]
    /// Digits after the point that tell the ticks apart.
    package let digits: Int

    /// At most `count` intervals between ticks; 0 to 1 around no values.
    ///
    /// Equal values get an interval to either side.
    ///
    /// - Parameters:
    ///   - margin: The share of the range that is added at either end, though not beyond 0.
    ///   - bounds: What the range cannot reach beyond.
    package init(
      covering values: [Double], count: Int, margin: Double = 0,
      within bounds: ClosedRange<Double>? = nil
    ) {
      var (low, high) = (values.min() ?? 0, values.max() ?? 1)
      if low == high {
        let margin = low == 0 ? 1 : abs(low) / 2
        (low, high) = (low - margin, high + margin)
      } else {
        let room = margin * (high - low)
        (low, high) = (
          low >= 0 ? max(0, low - room) : low - room, high <= 0 ? min(0, high + room) : high + room
        )
      }
      if let bounds { (low, high) = (max(low, bounds.lowerBound), min(high, bounds.upperBound)) }
      (lower, upper) = (low, high)
      let steps = (-12...12).flatMap { power in [1.0, 2, 5].map { (power, $0 * power.powerOfTen) } }
      // Multiples of a step within the range, which may miss its ends by rounding.
      func multiples(_ step: Double) -> (first: Double, last: Double) {
        ((low / step - 1e-9).rounded(.up), (high / step + 1e-9).rounded(.down))
      }
      // The finest that needs no more than `count` intervals.
      let step =
        steps.first { multiples($0.1).last - multiples($0.1).first <= Double(count) }
        ?? (0, high - low)
      let (first, last) = multiples(step.1)
      ticks = stride(from: first, through: last, by: 1).map { $0 * step.1 }
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

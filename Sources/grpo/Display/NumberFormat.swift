import Evaluation
import Formats
import Foundation

/// Numbers as people read them.
enum NumberFormat {
  /// As few digits as say it: 0.5, 3, 0.0123.
  static func short(_ value: Double) -> String {
    if !value.isFinite { return "\(value)" }
    return String(format: "%.4g", value)
  }

  /// 895360 as 895,360.
  static func count(_ value: Int) -> String { value.grouped }

  /// How many there are of a thing, in words: 1 step, 1,200 steps.
  static func count(_ value: Int, _ noun: String) -> String {
    "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
  }

  static func fixed(_ value: Double, digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// A number in a column: four decimals, three significant digits below 0.01, and 0.
  static func column(_ value: Double) -> String {
    if value == 0 { return "0" }
    return abs(value) < 0.01 ? String(format: "%.3g", value) : fixed(value, digits: 4)
  }

  /// A share as a percentage without its sign: 52.4.
  static func percent(_ share: Double) -> String { fixed(100 * share, digits: 1) }

  /// A difference of shares in points, with its sign.
  static func points(_ difference: Double) -> String { String(format: "%+.1f", 100 * difference) }

  /// A difference in as few digits as say it, with its sign.
  static func signed(_ difference: Double) -> String { String(format: "%+.4g", difference) }

  /// An interval of differences: (95 %: +40.0 to +48.8).
  static func interval(
    _ range: ClosedRange<Double>, _ number: (Double) -> String = points
  ) -> String {
    "(95 %: \(number(range.lowerBound)) to \(number(range.upperBound)))"
  }

  /// 3.2 s, 2 min 41 s, 1 h 05 min.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    if seconds < 9.95 { return fixed(seconds, digits: 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(String(format: "%02d", whole % 60)) s" }
    return "\(whole / 3600) h \(String(format: "%02d", whole / 60 % 60)) min"
  }

  /// A time on a clock: 0:07, 12:40, 1:02:33.
  static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    let whole = Int(seconds.rounded(.up))
    let tail = String(format: "%02d", whole % 60)
    if whole < 3600 { return "\(whole / 60):\(tail)" }
    return "\(whole / 3600):\(String(format: "%02d", whole / 60 % 60)):\(tail)"
  }

  /// A share with its standard error, in percent, for a column: 52.4 ± 2.2.
  static func estimate(_ value: MeanEstimate) -> String {
    estimate(value, { percent($0).padded(toAtLeast: 4) }, error: percent)
  }

  /// A mean with its standard error, if it has one.
  static func estimate(
    _ value: MeanEstimate, _ mean: (Double) -> String, error: (Double) -> String
  ) -> String {
    mean(value.mean) + (value.standardError.map { " ± \(error($0))" } ?? "")
  }
}

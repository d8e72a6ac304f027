internal import Foundation

/// The elements of a Scalable Vector Graphic, in the order in which they are painted.
///
/// SVG 1.1 (<https://www.w3.org/TR/SVG11/>); the origin is the upper left corner.
struct Drawing {
  typealias Place = (x: Double, y: Double)

  enum Anchor: String { case start, middle, end }

  private var elements: [String] = []
  private let width: Double
  private let height: Double

  init(width: Double, height: Double) { (self.width, self.height) = (width, height) }

  /// The file as a whole.
  var text: String {
    let size = "width=\"\(Self.format(width))\" height=\"\(Self.format(height))\""
    let box = "viewBox=\"0 0 \(Self.format(width)) \(Self.format(height))\""
    let head =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) \(box) "
      + "font-family=\"Helvetica, Arial, sans-serif\" fill=\"#222222\">"
    let ground = "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    return ([head, ground] + elements + ["</svg>"]).map { $0 + "\n" }.joined()
  }

  /// A line through all points; a single one is a dot.
  mutating func line(
    _ points: [Place], color: String, width: Double, dashes: String = "", isFaint: Bool = false
  ) {
    guard points.count > 1 else {
      elements += points.map {
        "<circle cx=\"\(Self.format($0.x))\" cy=\"\(Self.format($0.y))\" r=\"3\" fill=\"\(color)\"/>"
      }
      return
    }
    let pattern =
      (dashes.isEmpty ? "" : " stroke-dasharray=\"\(dashes)\"")
      + (isFaint ? " stroke-opacity=\"0.4\"" : "")
    elements.append(
      "<polyline points=\"\(Self.format(points))\" fill=\"none\" stroke=\"\(color)\" "
        + "stroke-width=\"\(Self.format(width))\" stroke-linejoin=\"round\"\(pattern)/>")
  }

  /// What the points enclose, lightly tinted.
  mutating func area(_ points: [Place], color: String) {
    elements.append(
      "<polygon points=\"\(Self.format(points))\" fill=\"\(color)\" fill-opacity=\"0.15\"/>")
  }

  /// A text whose base line is at `place`; a vertical one reads from below.
  mutating func text(
    _ text: String, at place: Place, size: Double, anchor: Anchor, isBold: Bool = false,
    isVertical: Bool = false
  ) {
    let (x, y) = (Self.format(place.x), Self.format(place.y))
    let weight = isBold ? " font-weight=\"bold\"" : ""
    let turn = isVertical ? " transform=\"rotate(-90 \(x) \(y))\"" : ""
    elements.append(
      "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(Self.format(size))\" "
        + "text-anchor=\"\(anchor.rawValue)\"\(weight)\(turn)>\(Self.escaped(text))</text>")
  }

  mutating func number(_ value: Double, digits: Int, at place: Place, anchor: Anchor) {
    text(
      String(format: "%.\(digits)f", value == 0 ? 0 : value), at: place, size: 11, anchor: anchor)
  }

  private static func format(_ points: [Place]) -> String {
    points.map { "\(format($0.x)),\(format($0.y))" }.joined(separator: " ")
  }

  /// Hundredths of a pixel are finer than anyone sees.
  private static func format(_ value: Double) -> String {
    let hundredths = (value * 100).rounded() / 100
    return hundredths == hundredths.rounded() ? String(Int(hundredths)) : "\(hundredths)"
  }

  /// The text as XML has it; control characters, which it cannot hold, become U+FFFD.
  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\0"..."\u{1F}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}

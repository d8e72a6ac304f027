/// One line that says how far a stage is.
///
///     train  123/400  31% ▕███▏      ▏  mean: reward 0.712  kl 0.0124  1,812 tok/s  1:12 left
enum ProgressBar {
  /// How far a stage is, and what it shows of itself.
  struct Reading {
    var stage: String
    var step: Int
    var total: Int
    var fields: [String]
    var secondsLeft: Double?
    /// Whether the stage may end before its last step.
    var mayEndEarly = false

    var share: Double { total > 0 ? Double(step) / Double(total) : 0 }
    var head: String {
      let steps = String(total)
      return "\(stage)  \(String(step).padded(toAtLeast: steps.count))/\(steps)  "
        + String(Int(100 * share)).padded(toAtLeast: 3) + "%"
    }
    var timeLeft: String {
      (mayEndEarly ? "at most " : "") + NumberFormat.clock(secondsLeft ?? .nan) + " left"
    }
  }

  private static let widestBar = 24
  private static let narrowestBar = 6

  /// A line of less than `width` columns: fields that do not fit are left out from the end, the
  /// time left is kept as long as it can be.
  static func line(_ reading: Reading, width: Int) -> String {
    let room = width - 1
    var fields = reading.fields + [reading.timeLeft]
    func length(barWidth: Int) -> Int {
      reading.head.count + (barWidth > 0 ? barWidth + 3 : 0)
        + fields.reduce(0) { $0 + 2 + $1.count }
    }
    while fields.count > 1, length(barWidth: narrowestBar) > room {
      fields.remove(at: fields.count - 2)
    }
    let barWidth = min(widestBar, room - length(barWidth: 0) - 3)
    var line = reading.head
    if barWidth >= narrowestBar { line += " ▕\(bar(reading.share, width: barWidth))▏" }
    for field in fields { line += "  " + field }
    return String(line.prefix(room))
  }

  /// The same for a log: no bar, nothing left out; on a terminal, what fits.
  static func plainLine(_ reading: Reading, on terminal: Terminal = .standardError) -> String {
    let whole = ([reading.head] + reading.fields + [reading.timeLeft]).joined(separator: "  ")
    guard let width = terminal.lineWidth, whole.columns > width else { return whole }
    return line(reading, width: width)
  }

  /// Filled in eighths of a column.
  private static func bar(_ share: Double, width: Int) -> String {
    let eighths = Int((min(max(share, 0), 1) * Double(width * 8)).rounded(.down))
    let partial = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let full = eighths / 8
    if full == width { return String(repeating: "█", count: width) }
    return String(repeating: "█", count: full) + partial[eighths % 8]
      + String(repeating: " ", count: width - full - 1)
  }
}

/// A number in a log, under a name.
public struct Metric: Sendable, Equatable {
  /// What the log calls the number.
  public let name: Name
  /// The number, in the unit that its name documents.
  public var value: Double

  /// Pairs a number with its name.
  public init(_ name: Name, _ value: Double) {
    (self.name, self.value) = (name, value)
  }

  /// What a log calls a number, and how the numbers of several updates become one.
  ///
  /// A name is declared once, as a static member beside what it measures; only rewards name their
  /// metrics as they run. Names are told apart by their bytes.
  public struct Name: Sendable, Hashable {
    private let key: ByteKey
    private let combination: Combination

    /// Creates a name; by default the numbers of several updates become their mean.
    public init(_ text: String, over combination: Combination = .mean) {
      key = ByteKey(text)
      self.combination = combination
    }

    /// The name as the log has it, such as `clip_ratio/low_mean`.
    public var text: String { key.text }

    /// Whether both names have the same bytes.
    public static func == (a: Name, b: Name) -> Bool { a.key == b.key }

    /// Hashes the name's bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
  }

  /// How the numbers that one name has in the updates of a step become one.
  public enum Combination: Sendable {
    /// Their mean.
    case mean
    /// The smallest of them.
    case smallest
    /// The largest of them.
    case largest
  }
}

extension Metric.Name {
  /// One number made of several, of which there is at least one.
  fileprivate func combined(_ values: [Double]) -> Double {
    let (first, others) = (values[0], values.dropFirst())
    return switch combination {
    case .mean: others.reduce(first, +) / Double(values.count)
    case .smallest: others.reduce(first, min)
    case .largest: others.reduce(first, max)
    }
  }
}

extension Sequence<Metric> {
  /// One metric of each name, made of all that have it, in the order of their first appearance.
  public func combined() -> [Metric] {
    var values: [Metric.Name: [Double]] = [:]
    var names: [Metric.Name] = []
    for metric in self {
      if values[metric.name] == nil { names.append(metric.name) }
      values[metric.name, default: []].append(metric.value)
    }
    return names.map { Metric($0, $0.combined(values[$0] ?? [])) }
  }
}

extension JSONObject {
  /// What a line of a log has under the name of a metric.
  public subscript(name: Metric.Name) -> JSON? {
    get { self[name.text] }
    set { self[name.text] = newValue }
  }
}

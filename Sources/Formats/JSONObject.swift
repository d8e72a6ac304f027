/// The members of a JSON object, in order, with keys that are unique by their UTF-8 bytes.
///
/// Looking up is O(1). Equality ignores the order, as JSON does.
public struct JSONObject: Sendable {
  /// The members in their order.
  public private(set) var entries: [(key: String, value: JSON)] = []

  /// Where each key stands; left empty while there are so few that a scan is faster.
  private var positions: [ByteKey: Int] = [:]

  private static let scanLimit = 12

  /// Creates an object without members.
  public init() {}

  /// Creates an object of pairs in their order; a later pair replaces the value of an earlier one
  /// with the same key.
  public init(_ pairs: [(String, JSON)]) {
    for (key, value) in pairs { self[key] = value }
  }

  /// The members' keys in their order.
  public var keys: [String] { entries.map(\.key) }
  /// How many members there are.
  public var count: Int { entries.count }
  /// Whether there are no members.
  public var isEmpty: Bool { entries.isEmpty }

  /// The value of `key`; setting replaces in place or appends, setting nil removes.
  public subscript(key: String) -> JSON? {
    get { position(of: key).map { entries[$0].value } }
    set {
      switch (position(of: key), newValue) {
      case (let position?, let value?):
        entries[position].value = value
      case (let position?, nil):
        entries.remove(at: position)
        rebuildPositions()
      case (nil, let value?):
        append(value, for: key)
      case (nil, nil):
        break
      }
    }
  }

  /// The value of a column of data: of the key `name`, or else of what `name` leads to through the
  /// objects within each other, with a point between their keys: `reward_model.ground_truth`.
  package func column(_ name: String) -> JSON? {
    if let value = self[name] { return value }
    let keys = name.split(bytes: ".")
    return keys.dropFirst().reduce(self[keys[0]]) { $0?[$1] }
  }

  /// Appends a member and says whether its key was new; if it was not, nothing changes.
  mutating func appendIfNew(_ value: JSON, for key: String) -> Bool {
    guard position(of: key) == nil else { return false }
    append(value, for: key)
    return true
  }

  func contains(_ key: String) -> Bool { position(of: key) != nil }

  private mutating func append(_ value: JSON, for key: String) {
    entries.append((key, value))
    if entries.count == Self.scanLimit + 1 {
      rebuildPositions()
    } else if entries.count > Self.scanLimit {
      positions[ByteKey(key)] = entries.count - 1
    }
  }

  private func position(of key: String) -> Int? {
    if entries.count > Self.scanLimit { return positions[ByteKey(key)] }
    return entries.firstIndex { $0.key.hasSameBytes(as: key) }
  }

  private mutating func rebuildPositions() {
    positions.removeAll(keepingCapacity: true)
    guard entries.count > Self.scanLimit else { return }
    for (position, entry) in entries.enumerated() { positions[ByteKey(entry.key)] = position }
  }
}

extension JSONObject: Equatable {
  /// Whether both have the same members, in any order.
  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.count == b.count && a.entries.allSatisfy { b[$0.key] == $0.value }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// Creates an object of the pairs of a literal; of two equal keys the later value stays.
  public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

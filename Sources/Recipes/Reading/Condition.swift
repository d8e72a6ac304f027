/// What must hold for a key to have an effect, by the values of keys beside it.
package struct Condition: Sendable {
  /// The condition as a question about the keys of the section, for the reference and the schema.
  let test: Test
  /// Whether it holds for the values at hand.
  let holds: Bool
  /// The key that decides and its value at hand, for messages: "surrogate ratio".
  let found: String

  indirect enum Test: Sendable, Equatable {
    case isOneOf(String, [String])
    case isAbove(String, Double)
    case isBelow(String, Double)
    /// Whether a key is there, and none of those that would take its place.
    case isPresent(String, insteadOf: [String])
    case isAbsent(String)
    case any([Test])
    case all([Test])
  }

  /// What the key needs, for messages, where that is one thing.
  var need: String? {
    switch test {
    case .isOneOf(_, let names) where names.count == 1 && !["true", "false"].contains(names[0]):
      names[0]
    case .isAbsent: "one of them"
    default: nil
    }
  }

  var words: String { test.words }
}

extension Condition: Equatable {
  /// Conditions are the same that ask the same, whatever the values at hand.
  package static func == (a: Self, b: Self) -> Bool { a.test == b.test }
}

extension Condition {
  /// That a choice is one for which `isAllowed` holds.
  static func key<Value: Choice>(
    _ key: String, _ value: Value, where isAllowed: (Value) -> Bool
  ) -> Self {
    Self(
      test: .isOneOf(key, Value.all.filter(isAllowed).map(\.name)), holds: isAllowed(value),
      found: "\(key) \(value.name)")
  }

  /// That an enumeration has one of some values.
  static func key<Value: RawRepresentable<String> & Equatable>(
    _ key: String, _ value: Value, is allowed: Value...
  ) -> Self {
    Self(
      test: .isOneOf(key, allowed.map(\.rawValue)), holds: allowed.contains(value),
      found: "\(key) \(value.rawValue)")
  }

  /// That an enumeration has any value but one.
  static func key<Value: RawRepresentable<String> & CaseIterable & Equatable>(
    _ key: String, _ value: Value, isNot refused: Value
  ) -> Self {
    Self(
      test: .isOneOf(key, Value.allCases.filter { $0 != refused }.map(\.rawValue)),
      holds: value != refused, found: "\(key) \(value.rawValue)")
  }

  static func key(_ key: String, _ value: Bool, is wanted: Bool) -> Self {
    Self(test: .isOneOf(key, ["\(wanted)"]), holds: value == wanted, found: "\(key) \(value)")
  }

  static func key(_ key: String, _ value: Double, above bound: Double) -> Self {
    Self(test: .isAbove(key, bound), holds: value > bound, found: "\(key) \(value.plain)")
  }

  static func key(_ key: String, _ value: Double, below bound: Double) -> Self {
    Self(test: .isBelow(key, bound), holds: value < bound, found: "\(key) \(value.plain)")
  }

  /// That a key is absent; `isPresent` says whether it counts as written.
  static func absent(_ key: String, isPresent: Bool) -> Self {
    Self(test: .isAbsent(key), holds: !isPresent, found: key)
  }

  /// That a key is there, which is one of several that exclude each other.
  static func present(_ key: String, among keys: [String], isPresent: Bool) -> Self {
    Self(
      test: .isPresent(key, insteadOf: keys.filter { $0 != key }), holds: isPresent,
      found: "no \(key)")
  }

  /// That one of several conditions holds.
  static func || (a: Self, b: Self) -> Self {
    Self(test: .any([a.test, b.test]), holds: a.holds || b.holds, found: a.found)
  }

  /// That two conditions hold.
  static func && (a: Self, b: Self) -> Self {
    let tests = if case .all(let tests) = a.test { tests } else { [a.test] }
    return Self(
      test: .all(tests + [b.test]), holds: a.holds && b.holds, found: a.holds ? b.found : a.found)
  }
}

extension Condition.Test {
  /// That this or another one holds.
  func or(_ other: Self) -> Self {
    switch (self, other) {
    case (.isOneOf(let key, let names), .isOneOf(let otherKey, let others)) where key == otherKey:
      .isOneOf(key, names + others.filter { !names.contains($0) })
    case (.any(let tests), _): .any(tests + [other])
    default: .any([self, other])
    }
  }

  /// Whether it holds for the values of keys.
  func holds(_ value: (_ key: String) -> String?) -> Bool {
    switch self {
    case .isOneOf(let key, let names): value(key).map(names.contains) ?? false
    case .isAbove(let key, let bound): value(key).flatMap(Double.init).map { $0 > bound } ?? false
    case .isBelow(let key, let bound): value(key).flatMap(Double.init).map { $0 < bound } ?? false
    case .isPresent(let key, let others):
      value(key) != nil && others.allSatisfy { value($0) == nil }
    case .isAbsent(let key): value(key) == nil
    case .any(let tests): tests.contains { $0.holds(value) }
    case .all(let tests): tests.allSatisfy { $0.holds(value) }
    }
  }

  var words: String {
    switch self {
    case .isOneOf(let key, let names): "with \(key) \(Self.alternatives(names))"
    case .isAbove(let key, let bound): "with \(key) above \(bound.plain)"
    case .isBelow(let key, let bound): "with \(key) below \(bound.plain)"
    case .isPresent(let key, _): "with \(key)"
    case .isAbsent(let key): "without \(key)"
    case .any(let tests) where tests.allSatisfy(\.isAboutPresence):
      "with \(Self.alternatives(tests.map(\.key)))"
    case .any(let tests): tests.map(\.words).joined(separator: ", or ")
    case .all(let tests) where tests.allSatisfy(\.isAboutAbsence):
      "without \(Self.alternatives(tests.map(\.key)))"
    case .all(let tests): tests.map(\.words).joined(separator: " and ")
    }
  }

  private var isAboutPresence: Bool { if case .isPresent = self { true } else { false } }

  private var isAboutAbsence: Bool { if case .isAbsent = self { true } else { false } }

  /// The key that decides; empty where several do.
  private var key: String {
    switch self {
    case .isOneOf(let key, _), .isAbove(let key, _), .isBelow(let key, _), .isPresent(let key, _),
      .isAbsent(let key):
      key
    case .any, .all: ""
    }
  }

  /// "a, b or c".
  private static func alternatives(_ names: [String]) -> String {
    guard names.count > 2, let last = names.last else { return names.joined(separator: " or ") }
    return "\(names.dropLast().joined(separator: ", ")) or \(last)"
  }
}

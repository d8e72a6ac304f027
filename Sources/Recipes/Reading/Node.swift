internal import Formats

/// A YAML value, and where it was written.
///
/// Scalars are kept as written: what `yes`, `1e-4` or `012` mean is decided by the key that asks,
/// never by YAML's rules for untyped scalars (by which `1e-4` is a text).
package struct Node {
  package enum Content {
    case scalar(String, quoted: Bool)
    case list([Node])
    case map([Entry])
  }

  package struct Entry {
    package var key: String
    package var value: Node
  }

  package var content: Content
  /// Where the value was written; for a map's value, where its key stands.
  package var place = RecipePlace.code
  /// The directory that paths in the value count from, absolute; nil for the recipe's.
  var directory: String?

  /// Whether this is an explicit `null` or `~`, which asks for the default.
  var isNull: Bool {
    if case .scalar(let text, quoted: false) = content { Self.nulls.contains(text) } else { false }
  }

  static let nulls = ["null", "~"]

  package var entries: [Entry]? {
    if case .map(let entries) = content { entries } else { nil }
  }

  /// What was found, for a message: the scalar itself, "a list" or "a map".
  package var found: String {
    switch content {
    case .scalar("", quoted: false): "nothing"
    case .scalar(let text, quoted: true): "\"\(text.shortened())\""
    case .scalar(let text, quoted: false): text.shortened()
    case .list: "a list"
    case .map: "a map"
    }
  }

  /// Who says the last word on the value or anything within it.
  var layer: RecipePlace.Layer {
    let within: [Node] =
      switch content {
      case .scalar: []
      case .list(let items): items
      case .map(let entries): entries.map(\.value)
      }
    return within.map(\.layer).reduce(place.layer, max)
  }

  /// What was found where it may be a secret: without the text of a scalar.
  var kind: String {
    switch content {
    case .scalar("", quoted: false): "nothing"
    case .scalar: "a text"
    case .list, .map: found
    }
  }

  /// The node a dotted path leads to, list items by index; nil when nothing was written there.
  func node(at path: some Collection<Substring>) -> Node? {
    guard let step = path.first else { return self }
    let next: Node? =
      switch content {
      case .scalar: nil
      case .list(let items): Int(step).flatMap { items.indices.contains($0) ? items[$0] : nil }
      case .map(let entries): entries.first { $0.key.hasSameBytes(as: String(step)) }?.value
      }
    return next?.node(at: path.dropFirst())
  }
}

extension Node {
  /// Every scalar and empty list with its dotted path, in order.
  func leaves(_ path: String = "") -> [(path: String, value: String)] {
    func within(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
    switch content {
    case .scalar("", quoted: false): return [(path, found)]
    case .scalar(let text, let quoted): return [(path, quoted ? "\"\(text)\"" : text)]
    case .list(let items):
      if items.isEmpty { return [(path, "[]")] }
      return items.enumerated().flatMap { $1.leaves(within(String($0))) }
    case .map(let entries):
      return entries.flatMap { $0.value.leaves(within($0.key)) }
    }
  }
}

extension Node {
  /// Where the value was written, or for a map all of which was set from outside, the first key of it.
  var sayer: RecipePlace {
    guard case .map(let entries) = content, let first = entries.first,
      entries.allSatisfy({ $0.value.place.layer > place.layer })
    else { return place }
    return first.value.sayer
  }

  /// The value and all within it, with paths that count from `directory`.
  func counting(from directory: String) -> Node {
    var node = self
    node.directory = directory
    switch content {
    case .scalar: break
    case .list(let items): node.content = .list(items.map { $0.counting(from: directory) })
    case .map(let entries):
      node.content = .map(
        entries.map { Entry(key: $0.key, value: $0.value.counting(from: directory)) })
    }
    return node
  }

  /// The value with another one for the key that a dotted path leads to, or without that key.
  func replacing(_ path: some Collection<Substring>, with new: Node?) -> Node {
    guard let step = path.first else { return new ?? self }
    var node = self
    switch content {
    case .scalar: break
    case .list(var items):
      guard let index = Int(step), items.indices.contains(index) else { break }
      items[index] = items[index].replacing(path.dropFirst(), with: new)
      node.content = .list(items)
    case .map(var entries):
      guard let index = entries.firstIndex(where: { $0.key.hasSameBytes(as: String(step)) }) else {
        break
      }
      if path.count == 1, new == nil {
        entries.remove(at: index)
      } else {
        entries[index].value = entries[index].value.replacing(path.dropFirst(), with: new)
      }
      node.content = .map(entries)
    }
    return node
  }
}

extension String {
  /// Whether this is a whole number in plain decimal digits.
  var isWholeNumber: Bool {
    let digits = utf8.first == UInt8(ascii: "-") ? utf8.dropFirst() : utf8[...]
    return !digits.isEmpty && digits.allSatisfy(\.isDigit)
  }

  /// Whether this is a decimal number: JSON's grammar, and also `+1`, `1.`, `.5` and `01`.
  var isDecimalNumber: Bool {
    var rest = utf8[...]
    func skip(_ characters: String) -> Bool {
      guard let next = rest.first, characters.utf8.contains(next) else { return false }
      rest = rest.dropFirst()
      return true
    }
    func skipDigits() -> Bool {
      let count = rest.count
      rest = rest.drop(while: \.isDigit)
      return rest.count < count
    }
    _ = skip("+-")
    let hasWhole = skipDigits()
    let hasFraction = skip(".") && skipDigits()
    guard hasWhole || hasFraction else { return false }
    if skip("eE") {
      _ = skip("+-")
      guard skipDigits() else { return false }
    }
    return rest.isEmpty
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

extension Node.Content {
  /// A scalar that is no text: a number or a truth value.
  static func literal(_ value: some CustomStringConvertible) -> Self {
    .scalar(value.description, quoted: false)
  }

  static func text(_ value: String) -> Self { .scalar(value, quoted: true) }
}

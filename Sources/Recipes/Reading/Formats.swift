internal import Formats
internal import Foundation
internal import Rewards

/// What a key's value looks like: how it is read, described and written.
package struct Format<Value> {
  let shape: Shape
  /// The value, or nil after having reported what is wrong.
  package let read: (Node, Context) -> Value?
  /// What is written; nil for a value that leaves the key out.
  let write: (Value, Context) -> Node.Content?

  init(
    _ shape: Shape,
    read: @escaping (Node, Context) -> Value?,
    write: @escaping (Value, Context) -> Node.Content?
  ) {
    (self.shape, self.read, self.write) = (shape, read, write)
  }

  /// The permitted values in words, for messages.
  var need: String { shape.words }

  /// A scalar, which `parse` gets as written; `quoted` says whether to write it as a text.
  init(
    _ shape: Shape, called name: String, quoted: Bool,
    parse: @escaping (_ text: String, _ quoted: Bool) -> Parsed
  ) where Value: CustomStringConvertible {
    self.init(
      shape,
      read: { node, context in
        var complaint = "is not \(name)"
        if case .scalar(let text, let quoted) = node.content {
          switch parse(text, quoted) {
          case .value(let value): return value
          case .outOfRange: complaint = "is out of range"
          case .unfit: break
          }
        }
        return context.refuse(complaint, node, need: shape.words)
      },
      write: { value, _ in .scalar(value.description, quoted: quoted) })
  }

  enum Parsed { case value(Value), outOfRange, unfit }
}

extension Context {
  /// A path as an absolute one: it counts from the recipe's directory, or from where the option or
  /// study that set it counts.
  func absolute(_ path: String, at node: Node) -> String {
    RecipePath.absolute(path, from: node.directory ?? directory)
  }

  /// Reports a value that its key cannot have, which has none then.
  ///
  /// - Parameter got: What was found, where that is not to be shown as it is.
  func refuse<Value>(
    _ complaint: String, _ node: Node, got: String? = nil, need: String
  ) -> Value? {
    let message = "\(complaint) (got \(got ?? node.found); need \(need))"
    journal.report(RecipeError(message, field: path, at: node.place))
    return nil
  }
}

extension Format where Value == Int {
  package static func integer(_ range: PartialRangeFrom<Int>) -> Self {
    integer(range.lowerBound...Int.max)
  }

  /// A whole number in plain decimal digits, except those in `refused`.
  static func integer(_ range: ClosedRange<Int>, except refused: Set<Int> = []) -> Self {
    Self(
      .wholeNumber(range, except: refused), called: "a whole number", quoted: false
    ) { text, quoted in
      guard !quoted, text.isWholeNumber else { return .unfit }
      guard let value = Int(text), range.contains(value), !refused.contains(value) else {
        return .outOfRange
      }
      return .value(value)
    }
  }
}

extension Format where Value == Double {
  static func number(_ range: ClosedRange<Double>) -> Self {
    number(.init(lower: range.lowerBound, upper: range.upperBound))
  }

  static func number(_ range: Range<Double>) -> Self {
    number(.init(lower: range.lowerBound, upper: range.upperBound, includesUpper: false))
  }

  static func number(above lower: Double, through upper: Double) -> Self {
    number(.init(lower: lower, upper: upper, includesLower: false))
  }

  static func number(above lower: Double, below upper: Double) -> Self {
    number(.init(lower: lower, upper: upper, includesLower: false, includesUpper: false))
  }

  private static func number(_ interval: Shape.Interval) -> Self {
    Self(.number(interval), called: "a number", quoted: false) { text, quoted in
      guard !quoted, text.isDecimalNumber, let value = Double(text) else { return .unfit }
      // What Double cannot hold reads as infinity, or as zero though a digit is not.
      let mantissa = text.prefix { $0 != "e" && $0 != "E" }
      let underflowed = value == 0 && mantissa.contains { ("1"..."9").contains($0) }
      guard value.isFinite, !underflowed, interval.contains(value) else { return .outOfRange }
      return .value(value + 0)  // −0 + 0 = 0
    }
  }
}

extension Format where Value == Double {
  /// What logits may be divided by.
  static var temperature: Self { number(0.001...100) }
}

extension Format where Value == Bool {
  /// YAML 1.2's truth values; `yes` and `on` are refused, since readers differ on them.
  static var flag: Self {
    Self(.flag, called: "a truth value", quoted: false) { text, quoted in
      switch text {
      case "true" where !quoted: .value(true)
      case "false" where !quoted: .value(false)
      default: .unfit
      }
    }
  }
}

extension Format where Value == String {
  package static var text: Self { text(called: "a text") }

  private static func text(called name: String) -> Self {
    Self(.text(name: name), called: name, quoted: true) { text, quoted in
      let isNull = !quoted && Node.nulls.contains(text)
      return isNull || text.isEmpty || text.utf8.contains(0) ? .unfit : .value(text)
    }
  }

  /// A path that counts from the recipe's directory; absolute in memory.
  package static var path: Self {
    let text = text(called: "a path")
    return Self(
      text.shape,
      read: { node, context in
        text.read(node, context).map { context.absolute($0, at: node) }
      },
      write: { path, context in
        .text(RecipePath.isAbsolute(path) ? RecipePath.relative(path, to: context.directory) : path)
      })
  }
}

extension Format where Value == String {
  /// One of a few names.
  static func name(among names: [String]) -> Self {
    let shape = Shape.name(names)
    let need = shape.words
    return Self(
      shape,
      read: { node, context in
        guard case .scalar(let text, _) = node.content else {
          return context.refuse("is not a name", node, need: need)
        }
        if names.contains(where: { $0 == text }) { return text }
        let hint = Spelling.closest(to: text, among: names).map { "; did you mean \($0)?" } ?? ""
        return context.refuse("is unknown", node, need: need + hint)
      },
      write: { name, _ in .scalar(name, quoted: false) })
  }
}

extension Format where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of an enumeration's names.
  static var choice: Self { choice(among: Array(Value.allCases)) }

  /// One of some of an enumeration's names.
  static func choice(among values: [Value]) -> Self {
    let name = Format<String>.name(among: values.map(\.rawValue))
    return Self(
      name.shape,
      read: { node, context in name.read(node, context).flatMap(Value.init) },
      write: { value, context in name.write(value.rawValue, context) })
  }
}

extension Format {
  /// The same for a value that may be nil.
  var optional: Format<Value?> {
    Format<Value?>(
      shape, read: { node, context in read(node, context).map(Optional.some) },
      write: { value, context in value.flatMap { write($0, context) } })
  }
}

extension Format {
  /// A list of `count` items of one format.
  package static func list<Item>(
    of item: Format<Item>, count: ClosedRange<Int>
  ) -> Self where Value == [Item] {
    let shape = Shape.list(item.shape, count: count)
    let need = shape.words
    return Self(
      shape,
      read: { node, context in
        guard case .list(let nodes) = node.content else {
          return context.refuse("is not a list", node, need: need)
        }
        guard count.contains(nodes.count) else {
          return context.refuse(
            "has the wrong length", node, got: "\(nodes.count) items", need: need)
        }
        let items = nodes.enumerated().map { item.read($1, context[String($0)]) }
        return items.contains { $0 == nil } ? nil : items.compactMap { $0 }
      },
      write: { items, context in
        .list(
          items.enumerated().compactMap { index, value in
            item.write(value, context[String(index)]).map { Node(content: $0) }
          })
      })
  }
}

extension Format where Value: Section {
  static var section: Self {
    Self(
      .section({ Fields.described(Value.self) }),
      read: { node, context in
        guard case .map = node.content else {
          return context.refuse("is not a map", node, need: "a map of keys")
        }
        let fields = Fields(context, reading: node)
        var value = Value()
        value.declare(fields)
        fields.refuseUnknownKeys()
        return value
      },
      write: { value, context in
        var value = value
        let fields = Fields(writing: context)
        value.declare(fields)
        return .map(fields.written)
      })
  }
}

internal import Rewards

/// What has keys of its own in a recipe.
protocol Keyed {
  /// Declares every key: its name, the property it stands for, and what it may be.
  ///
  /// The one declaration serves for reading, for writing and for describing the keys. Reading, a key
  /// that was not written leaves its property alone, so defaults that depend on earlier keys are
  /// assigned in between.
  mutating func declare(_ fields: Fields)
}

/// A part of a recipe that is a YAML map.
protocol Section: Keyed, SendableMetatype {
  /// The defaults.
  ///
  /// A required value starts as one that its format refuses.
  init()
}

/// The keys of one section, being read from a YAML map, written to one, or described.
package final class Fields {
  enum Presence { case required, optional }

  private enum Mode { case reading(Node), writing, describing }

  let context: Context
  private let mode: Mode
  /// Entries of the map that is read whose keys have not been declared yet.
  private(set) var unread: [Node.Entry]
  /// The keys that have been declared.
  private(set) var known: [String] = []
  /// What has been written so far.
  private(set) var written: [Node.Entry] = []
  /// What has been described so far.
  private(set) var described: [RecipeKey] = []
  /// What must hold for the keys that are declared at present to have an effect, each with what a
  /// refusal adds.
  private var conditions: [(condition: Condition, because: String?)] = []

  private init(_ context: Context, _ mode: Mode) {
    (self.context, self.mode) = (context, mode)
    unread = if case .reading(let source) = mode { source.entries ?? [] } else { [] }
  }

  convenience init(_ context: Context, reading source: Node) {
    self.init(context, .reading(source))
  }

  convenience init(writing context: Context) { self.init(context, .writing) }

  /// The keys that are declared, whether they have an effect or not.
  static func keys(_ declare: (Fields) -> Void) -> [String] {
    let fields = Fields(writing: Context(directory: "/"))
    declare(fields)
    return fields.known
  }

  /// What a section's declaration says of its keys.
  static func described<Value: Section>(_ section: Value.Type) -> [RecipeKey] {
    let fields = Fields(Context(directory: "/"), .describing)
    var value = section.init()
    value.declare(fields)
    return fields.described
  }

  /// The map that is read; nil otherwise.
  private var source: Node? { if case .reading(let source) = mode { source } else { nil } }

  var isReading: Bool { source != nil }

  var isWriting: Bool { if case .writing = mode { true } else { false } }

  var isDescribing: Bool { if case .describing = mode { true } else { false } }

  /// Whether every section and key read so far was right, so that they can be compared.
  var isSound: Bool {
    isReading && context.journal.problems.isEmpty && context.journal.missing.isEmpty
  }

  // MARK: Declaring

  /// Declares a key, which has an effect only when `condition` holds; else to write it is an error.
  ///
  /// - Parameters:
  ///   - meaning: What it decides, in plain sentences.
  ///   - words: The default in words, where it depends on other keys.
  ///   - names: What TRL or transformers call it, where that is another name.
  ///   - reason: What a refusal adds, behind the key that decides.
  func callAsFunction<Value>(
    _ key: String, _ value: inout Value, _ format: Format<Value>, _ meaning: String,
    _ presence: Presence = .optional, default words: String? = nil, also names: [String] = [],
    when condition: Condition? = nil, because reason: String? = nil
  ) {
    if let condition { conditions.append((condition, reason)) }
    defer { if condition != nil { conditions.removeLast() } }
    if isDescribing {
      let isRequired = presence == .required
      let written = format.write(value, context).map { Node(content: $0) }
      let isSection = if case .section = format.shape { true } else { false }
      return describe(
        RecipeKey(
          name: key, meaning: meaning,
          defaultValue: words
            ?? (isRequired || isSection ? nil : written?.flow.withoutZeroFraction),
          isRequired: isRequired, otherNames: names, shape: format.shape,
          conditions: conditions.map(\.condition)))
    }
    guard refusal == nil else { return refuse(key, because: "") }
    let node = take(key)
    guard isReading else {
      if let content = format.write(value, context[key]) { write(key, content) }
      return
    }
    if let node {
      if let new = format.read(node, context[key]) { value = new }
    } else if presence == .required {
      context.journal.missing.append(
        RecipeError(
          "is missing (need \(format.need))", field: context[key].path, at: source?.place))
    }
  }

  /// The same for a key whose value may be nil, which is written by leaving the key out.
  func callAsFunction<Value>(
    _ key: String, _ value: inout Value?, _ format: Format<Value>, _ meaning: String,
    _ presence: Presence = .optional, default words: String? = nil, also names: [String] = [],
    when condition: Condition? = nil, because reason: String? = nil
  ) {
    self(
      key, &value, format.optional, meaning, presence, default: words, also: names, when: condition,
      because: reason)
  }

  /// The value with what its keys say.
  func declared<Value: Keyed>(_ value: Value) -> Value {
    var value = value
    value.declare(self)
    return value
  }

  /// Declares keys that have an effect only when `condition` holds; else to write one is an error.
  func group(when condition: Condition, because reason: String? = nil, _ declare: () -> Void) {
    conditions.append((condition, reason))
    declare()
    conditions.removeLast()
  }

  /// Why the keys that are declared at present have no effect; nil where they have one.
  private var refusal: String? {
    guard let (condition, because) = conditions.first(where: { !$0.condition.holds }) else {
      return nil
    }
    let rest = because.map { ", \($0)" } ?? condition.need.map { " (need \($0))" } ?? ""
    return "has no effect with \(condition.found)\(rest)"
  }

  /// Describes an option of a built-in reward, which the reward reads by itself.
  func describe(_ option: BuiltInReward.Option) {
    describe(
      RecipeKey(
        name: option.name, meaning: option.meaning.asSentence,
        defaultValue: option.defaultValue?.withoutZeroFraction, isRequired: option.isRequired,
        otherNames: [], shape: Shape(option.values), conditions: conditions.map(\.condition),
        takesNull: false))
  }

  /// Describes a key, or adds to what is known of it: another choice that it belongs to.
  private func describe(_ key: RecipeKey) {
    known.append(key.name)
    if let index = described.firstIndex(where: { $0.isSame(as: key) }),
      let joined = described[index].joined(with: key)
    {
      described[index] = joined
    } else {
      described.append(key)
    }
  }

  /// Declares a key that has no effect here; to write it is an error.
  func refuse(_ key: String, because reason: String) {
    if take(key) != nil { failWithoutEffect(key, refusal ?? reason) }
  }

  /// Hands over the keys that have not been declared yet, which makes them known.
  func takeRest() -> [Node.Entry] {
    defer { unread = [] }
    return unread
  }

  func write(_ key: String, _ content: Node.Content) {
    written.append(Node.Entry(key: key, value: Node(content: content)))
  }

  private func take(_ key: String) -> Node? {
    known.append(key)
    guard let index = unread.firstIndex(where: { $0.key == key }) else { return nil }
    let node = unread.remove(at: index).value
    return node.isNull ? nil : node
  }

  // MARK: Reporting

  /// Reports what is wrong with `key`, a dotted path within this section.
  func fail(_ key: String, _ message: String) {
    context.journal.report(problem(message, at: key))
  }

  /// Reports a message that begins with its own field, and stands where `key` was written.
  func fail(near key: String, _ message: String) {
    context.journal.report(problem(message, near: key))
  }

  /// Reports a key that has no effect beside others; where they were set over it, it is left out
  /// and the rest read again.
  ///
  /// Every key without effect passes through here.
  func failWithoutEffect(_ key: String, _ reason: String) {
    context.journal.refuse(context[key].path, problem(reason, at: key))
  }

  /// The same for a message that begins with its own field.
  func failWithoutEffect(near key: String, _ message: String) {
    context.journal.refuse(context[key].path, problem(message, near: key))
  }

  /// Reports what is allowed and yet hardly meant.
  func warn(_ key: String, _ message: String) {
    context.journal.warnings.append(problem(message, at: key))
  }

  /// Warns of those of `keys` that were written though they have no effect beside others, where to
  /// leave them is no mistake: they may have one as soon as the run is longer, say.
  func warnWithoutEffect(_ keys: [String], _ reason: String) {
    for key in keys where has(key) { warn(key, "has no effect " + reason) }
  }

  private func problem(_ message: String, at key: String) -> RecipeError {
    RecipeError(message, field: context[key].path, at: place(of: key))
  }

  private func problem(_ message: String, near key: String) -> RecipeError {
    RecipeError(message, field: context.path, at: place(of: key))
  }

  // MARK: Asking

  /// Whether `key`, a dotted path within this section, was written.
  func has(_ key: String) -> Bool {
    source?.node(at: key.split(separator: "."))?.isNull == false
  }

  /// Who says what `key` is; nil where nobody does.
  private func layer(of key: String) -> RecipePlace.Layer? {
    has(key) ? place(of: key)?.layer : nil
  }

  /// Whether one of `others` was set over what says `key`.
  func isOverruled(_ key: String, by others: [String]) -> Bool {
    guard let layer = layer(of: key) else { return false }
    return others.compactMap { self.layer(of: $0) }.contains { $0 > layer }
  }

  /// Of keys that stand for each other, the one that counts: what was set before what the file
  /// says, else the first.
  func chosen(among keys: [String]) -> String? {
    keys.first { has($0) && !isOverruled($0, by: keys) }
  }

  /// What paths beside the first of `keys` that was written count from.
  func directory(of keys: String...) -> String {
    keys.lazy.compactMap { self.source?.node(at: [$0[...]]) }.first?.directory
      ?? source?.directory ?? context.directory
  }

  /// Where `key` was written, or else the nearest part of it that was.
  private func place(of key: String) -> RecipePlace? {
    var path = key.split(separator: ".")[...]
    while let source {
      if let node = source.node(at: path) { return node.sayer }
      path = path.dropLast()
    }
    return nil
  }
}

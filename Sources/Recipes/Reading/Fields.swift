internal import Formats
internal import Rewards

/// A part of a recipe that is a YAML map.
protocol RecipeSection {
  /// The defaults.
  ///
  /// A required value starts as one that its format refuses.
  init()

  /// Declares every key: its name, the property it stands for, and what it may be.
  ///
  /// The one declaration serves for reading and for writing. Reading, a key that was not written
  /// leaves its property alone, so defaults that depend on earlier keys are assigned in between.
  mutating func declare(_ fields: RecipeFields)
}

/// The keys of one section, being read from a YAML map or written to one.
final class RecipeFields {
  enum Presence { case required, optional }

  let context: RecipeContext
  /// The map that is read; nil when writing.
  private let source: RecipeNode?
  private var unread: [RecipeNode.Entry]
  private var known: [String] = []
  /// What has been written so far.
  private(set) var written: [RecipeNode.Entry] = []

  init(reading source: RecipeNode, _ context: RecipeContext) {
    self.source = source
    self.context = context
    unread = source.entries ?? []
  }

  init(writing context: RecipeContext) {
    source = nil
    self.context = context
    unread = []
  }

  var isReading: Bool { source != nil }

  /// Whether every section and key read so far was right, so that they can be compared.
  var isSound: Bool {
    isReading && context.journal.problems.isEmpty && context.journal.missing.isEmpty
  }

  /// Declares a key that always has a value.
  func callAsFunction<Value>(
    _ key: String, _ value: inout Value, _ format: RecipeFormat<Value>,
    _ presence: Presence = .optional
  ) {
    guard isReading else { return write(key, format.write(value, context[key])) }
    if let node = take(key) {
      if let new = format.read(node, context[key]) { value = new }
    } else if presence == .required {
      context.journal.missing.append(
        RecipeError(
          "is missing (need \(format.need))", field: context[key].path, at: source?.place))
    }
  }

  /// Declares a key whose value may be nil, which is written by leaving the key out.
  func callAsFunction<Value>(
    _ key: String, _ value: inout Value?, _ format: RecipeFormat<Value>
  ) {
    guard isReading else {
      if let value { write(key, format.write(value, context[key])) }
      return
    }
    if let node = take(key), let new = format.read(node, context[key]) { value = new }
  }

  /// Declares a key that has an effect only when `condition` holds; else to write it is an error.
  func callAsFunction<Value>(
    _ key: String, _ value: inout Value, _ format: RecipeFormat<Value>, when condition: Bool,
    else reason: String
  ) {
    if condition { self(key, &value, format) } else { refuse(key, because: reason) }
  }

  /// The same for a key whose value may be nil.
  func callAsFunction<Value>(
    _ key: String, _ value: inout Value?, _ format: RecipeFormat<Value>, when condition: Bool,
    else reason: String
  ) {
    if condition { self(key, &value, format) } else { refuse(key, because: reason) }
  }

  /// Declares a key that has no effect here; to write it is an error.
  func refuse(_ key: String, because reason: String) {
    if take(key) != nil { failWithoutEffect(key, reason) }
  }

  /// Hands over the keys that have not been declared yet, which makes them known.
  func takeRest() -> [RecipeNode.Entry] {
    defer { unread = [] }
    return unread
  }

  func write(_ key: String, _ content: RecipeNode.Content) {
    written.append(
      RecipeNode.Entry(key: key, value: RecipeNode(content: content, place: .code)))
  }

  /// Reports what is wrong with `key`, a dotted path within this section.
  func fail(_ key: String, _ message: String) {
    context.journal.report(
      RecipeError(message, field: context[key].path, at: place(of: key)))
  }

  /// Reports a key that has no effect beside others; where they were set over it, it is left out
  /// and the rest read again.
  ///
  /// Every key without effect passes through here.
  func failWithoutEffect(_ key: String, _ reason: String) {
    context.journal.refuse(
      context[key].path, RecipeError(reason, field: context[key].path, at: place(of: key)))
  }

  /// The same for a message that begins with its own field.
  func failWithoutEffect(near key: String, _ message: String) {
    context.journal.refuse(
      context[key].path, RecipeError(message, field: context.path, at: place(of: key)))
  }

  /// Reports a message that begins with its own field, and stands where `key` was written.
  func fail(near key: String, _ message: String) {
    context.journal.report(
      RecipeError(message, field: context.path, at: place(of: key)))
  }

  /// Reports what is allowed and yet hardly meant.
  func warn(_ key: String, _ message: String) {
    context.journal.warnings.append(
      RecipeError(message, field: context[key].path, at: place(of: key)))
  }

  /// Warns of those of `keys` that were written though they have no effect beside others, where to
  /// leave them is no mistake: they may have one as soon as the run is longer, say.
  func warnWithoutEffect(_ keys: [String], _ reason: String) {
    for key in keys where has(key) { warn(key, "has no effect " + reason) }
  }

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

  private func take(_ key: String) -> RecipeNode? {
    known.append(key)
    guard let index = unread.firstIndex(where: { $0.key == key }) else { return nil }
    let node = unread.remove(at: index).value
    return node.isNull ? nil : node
  }

  /// What TRL and transformers call a key, where no other program's name is near to ours.
  private static let namesElsewhere: [(key: String, here: String)] = [
    ("max_steps", "steps"), ("lr", "learning_rate"), ("loss_type", "algorithm"),
    ("per_device_train_batch_size", "questions_per_step"), ("save_steps", "checkpoint_steps"),
    ("generation_batch_size", "questions_per_step"),
    ("gradient_accumulation_steps", "num_mini_batches"),
    ("model_name_or_path", "path"), ("epsilon_low", "epsilon"),
  ]

  /// Reports the keys that nobody asked for.
  func refuseUnknownKeys() {
    for entry in unread {
      let elsewhere = Self.namesElsewhere.first {
        $0.key.hasSameBytes(as: entry.key) && known.contains($0.here)
      }
      let hint =
        (elsewhere?.here ?? Spelling.closest(to: entry.key, among: known))
        .map { "did you mean \($0)?" }
        ?? "need one of \(known.joined(separator: ", "))"
      context.journal.refuse(
        context[entry.key].path,
        RecipeError(
          "unknown key (\(hint))", field: context[entry.key.shortened()].path, at: entry.value.place
        ))
    }
  }
}

/// What reading and writing a value need to know beside the value.
package struct RecipeContext {
  /// The dotted path of the key at hand; empty for the recipe itself.
  var path = ""
  /// The directory from which paths in the recipe count; absolute.
  var directory: String
  /// Whether rewards are given in Swift.
  var ownRewards = false
  /// Whether what is written is for others to read, so that a mark stands for secrets.
  var redacts = false
  package var journal = RecipeJournal()

  package init(directory: String, ownRewards: Bool = false) {
    (self.directory, self.ownRewards) = (directory, ownRewards)
  }

  /// The context of a key within this one.
  package subscript(key: String) -> RecipeContext {
    var inner = self
    inner.path = path.isEmpty ? key : "\(path).\(key)"
    return inner
  }
}

/// What was noticed while reading, in the order of the declarations.
package final class RecipeJournal {
  package private(set) var problems: [RecipeError] = []
  /// Those of `problems` about keys that are unknown or have no effect, and the keys' paths.
  private(set) var refused: [(path: String, problem: RecipeError)] = []
  /// Required keys that are absent.
  ///
  /// They are told last: a misspelling explains them better.
  var missing: [RecipeError] = []
  var warnings: [RecipeError] = []

  func report(_ problem: RecipeError) { problems.append(problem) }

  func refuse(_ path: String, _ problem: RecipeError) {
    problems.append(problem)
    refused.append((path, problem))
  }

  /// The first thing that is wrong, and with a key that is refused all others that are.
  var first: RecipeError? {
    guard var first = problems.first ?? missing.first else { return nil }
    if refused.first?.problem == first { first.others = refused.dropFirst().map(\.problem) }
    return first
  }
}

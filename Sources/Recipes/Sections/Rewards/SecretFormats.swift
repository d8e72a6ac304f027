internal import Formats
internal import RewardPlugins

extension Format where Value == [PluginOptions.Variable] {
  /// A map from names to texts, or to nothing; a text is a secret where its name says so.
  static var variables: Self {
    variables(
      count: 256, read: { text, _ in text },
      write: { name, text, context in
        context.redacts ? Redaction.redacted(text, of: name) : text
      })
  }

  /// A map from names to secrets.
  static var headers: Self {
    variables(
      count: 64, read: Secret.read, write: { _, text, context in Secret(text).written(context) })
  }

  private static func variables(
    count: Int, read: @escaping (String, Context) -> String,
    write: @escaping (_ name: String, String, Context) -> String
  ) -> Self {
    let need = "a map of at most \(count) names to texts, or to null"
    return Self(
      .map(name: need),
      read: { node, context in
        guard case .map(let entries) = node.content, entries.count <= count else {
          return context.refuse("is not a map of names", node, got: node.kind, need: need)
        }
        var variables: [PluginOptions.Variable] = []
        for entry in entries {
          guard case .scalar(let text, _) = entry.value.content, !entry.key.isEmpty,
            !entry.key.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") }),
            !text.utf8.contains(0)
          else {
            return context[entry.key.shortened()].refuse(
              "is not a value", entry.value, got: entry.value.kind, need: "a text or null")
          }
          let value = entry.value.isNull ? nil : read(text, context)
          variables.append(.init(name: entry.key, value: value))
        }
        return variables
      },
      write: { variables, context in
        .map(
          variables.map { variable in
            let text = variable.value.map { write(variable.name, $0, context) }
            return Node.Entry(
              key: variable.name, value: Node(json: text.map(JSON.string) ?? .null))
          })
      })
  }
}

extension Format where Value == JSONObject {
  /// A map of anything.
  static var json: Self {
    Self(
      .map(name: "a map"),
      read: { node, context in
        node.json.object ?? context.refuse("is not a map", node, need: "a map")
      },
      write: { object, context in
        let value = JSON.object(object)
        return Node(json: context.redacts ? value.withURLsRedacted : value).content
      })
  }
}

extension JSON {
  /// Every text in the value.
  var texts: [String] {
    switch self {
    case .string(let text): [text]
    case .array(let items): items.flatMap(\.texts)
    case .object(let object): object.entries.flatMap(\.value.texts)
    default: []
    }
  }

  /// The value with every URL in its texts redacted.
  fileprivate var withURLsRedacted: JSON {
    switch self {
    case .string(let text): .string(Redaction.redacted(urlsIn: text))
    case .array(let items): .array(items.map(\.withURLsRedacted))
    case .object(let object):
      .object(JSONObject(object.entries.map { ($0.key, $0.value.withURLsRedacted) }))
    default: self
    }
  }
}

extension Secret {
  /// A secret as a recipe has it: the path of a file counts from the recipe's directory.
  fileprivate static func read(_ text: String, _ context: Context) -> String {
    guard let path = Secret(text).filePath else { return text }
    return "file:" + RecipePath.absolute(path, from: context.directory)
  }

  /// The secret as a recipe is to have it: where it may be read by others, a mark stands for it.
  fileprivate func written(
    _ context: Context, redacted: (String) -> String = { _ in Redaction.mark }
  ) -> String {
    if let path = filePath { return "file:" + RecipePath.relative(path, to: context.directory) }
    return context.redacts && !isReference ? redacted(source) : source
  }
}

extension Format where Value == String {
  /// A secret, or where it is to be found.
  static var secret: Self { secret { _ in Redaction.mark } }

  /// A URL, which may have secrets within it, or where it is to be found.
  static var secretURL: Self { secret { Redaction.redacted(url: $0) } }

  private static func secret(redacted: @escaping (String) -> String) -> Self {
    text.changed(
      reading: Secret.read, writing: { Secret($0).written($1, redacted: redacted) })
  }

  /// A text that may have URLs within it.
  static var textWithURLs: Self {
    text.changed(
      reading: { text, _ in text },
      writing: { $1.redacts ? Redaction.redacted(urlsIn: $0) : $0 })
  }

  /// The same format for what is another text in a file than in memory.
  private func changed(
    reading: @escaping (String, Context) -> String,
    writing: @escaping (String, Context) -> String
  ) -> Self {
    Self(
      shape, read: { node, context in read(node, context).map { reading($0, context) } },
      write: { value, context in write(writing(value, context), context) })
  }
}

extension Format {
  /// A list of `count` items of one format, or a single one of them.
  static func listOrOne<Item>(
    of item: Format<Item>, count: ClosedRange<Int>
  ) -> Self where Value == [Item] {
    let list = Format.list(of: item, count: count)
    return Self(
      .either([item.shape, list.shape], name: "\(item.need), or \(list.need)"),
      read: { node, context in
        if case .scalar = node.content { return item.read(node, context).map { [$0] } }
        return list.read(node, context)
      },
      write: { items, context in
        items.count == 1 ? item.write(items[0], context) : list.write(items, context)
      })
  }
}

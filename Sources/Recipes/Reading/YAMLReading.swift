internal import Formats
internal import Yams

extension Node {
  /// Reads one YAML document.
  ///
  /// Anchors, aliases and tags such as `!!int` are refused: a recipe needs none, and aliases can
  /// make a small file stand for an enormous one.
  ///
  /// A byte order mark is skipped.
  ///
  /// - Parameter place: what to name in messages for a line of `text`.
  package init(yaml text: String, place: (_ line: Int) -> RecipePlace) throws(RecipeError) {
    let text = String(decoding: Array(text.utf8).withoutByteOrderMark, as: UTF8.self)
    if let line = Self.lineWithTooManyAliases(text) {
      throw RecipeError("too many aliases (need none)", at: place(line))
    }
    do {
      let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
      guard let root = try parser.singleRoot() else {
        throw RecipeError("is empty (need a map of keys)", at: place(1))
      }
      // Nodes hold their anchors weakly, the parser holds them strongly.
      self = try withExtendedLifetime(parser) { () throws(RecipeError) in
        try Node(root, place: place)
      }
    } catch let error as YamlError {
      throw Self.explain(error, place: place)
    } catch let error as RecipeError {
      throw error
    } catch {
      throw RecipeError("is not valid YAML (\(error))", at: place(1))
    }
  }

  private init(_ node: Yams.Node, place: (_ line: Int) -> RecipePlace) throws(RecipeError) {
    let here = place(node.mark?.line ?? 1)
    guard node.anchor == nil else {
      throw RecipeError("anchors and aliases are not supported", at: here)
    }
    guard [Tag(.str), Tag(.seq), Tag(.map)].contains(node.tag) else {
      throw RecipeError("tags are not supported (got \(node.tag))", at: here)
    }
    switch node {
    case .scalar(let scalar):
      self.init(content: .scalar(scalar.string, quoted: scalar.style != .plain), place: here)
    case .sequence(let sequence):
      var items: [Node] = []
      for item in sequence { items.append(try Node(item, place: place)) }
      self.init(content: .list(items), place: here)
    case .mapping(let mapping):
      var entries: [Entry] = []
      for (key, value) in mapping {
        let keyNode = try Node(key, place: place)
        guard case .scalar(let name, _) = keyNode.content else {
          throw RecipeError("a key must be a word (got \(keyNode.found))", at: keyNode.place)
        }
        var entry = Entry(key: name, value: try Node(value, place: place))
        entry.value.place = keyNode.place
        entries.append(entry)
      }
      self.init(content: .map(entries), place: here)
    case .alias:
      throw RecipeError("anchors and aliases are not supported", at: here)
    }
  }

  /// The line where the count of what looks like aliases passes 32, quoted or not.
  ///
  /// The parser compares keys together with all that aliases in them stand for. With 32 aliases
  /// in nested lists that is at most e^(32/e), some hundred thousand nodes.
  private static func lineWithTooManyAliases(_ text: String) -> Int? {
    var line = 1
    var previous = UInt8(ascii: "\n")
    var count = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "*"), "\n\r\t [{,?:-".utf8.contains(previous) {
        count += 1
        if count > 32 { return line }
      }
      if byte == UInt8(ascii: "\n") { line += 1 }
      previous = byte
    }
    return nil
  }

  private static func explain(
    _ error: YamlError, place: (_ line: Int) -> RecipePlace
  ) -> RecipeError {
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let whole = [problem, context?.text].compactMap { $0 }.joined(separator: " ")
      return RecipeError("is not valid YAML: \(whole)", at: place(mark.line))
    case .reader(let problem, let offset, _, let yaml):
      let line = yaml.prefix(offset ?? 0).count { $0.isNewline } + 1
      return RecipeError("is not valid YAML: \(problem)", at: place(line))
    case .duplicatedKeysInMapping(let duplicates, let context):
      return RecipeError(
        "is set twice", field: duplicates.first ?? "", at: place(context.mark.line))
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      return RecipeError("is not valid YAML (\(error))", at: place(1))
    }
  }
}

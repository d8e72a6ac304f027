import ArgumentParser
import Formats
import Recipes

/// `grpo recipe keys`.
struct RecipeKeysCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Explains recipe keys: meaning, values, default, and when they have an effect.",
    discussion: """
      Without an argument, lists every key with its default. With a section or a key, explains it: \
      train, train.beta, or beta for the keys of that name in all sections.
      """)

  @Argument(help: "A section or a key.", completion: .keys)
  var key: String?

  @Flag(help: "Prints JSON.")
  var json = false

  @Flag(help: "Prints all keys as a page of Markdown.")
  var markdown = false

  func validate() throws {
    if markdown, json || key != nil {
      throw ValidationError("--markdown: prints all keys, without KEY or --json")
    }
  }

  func run() async throws {
    if markdown { return try StandardOutput.write(Recipe.referencePage) }
    let shown = try key.map(Self.keys) ?? Recipe.allKeys
    if json {
      return try StandardOutput.write(
        line: JSON.array(shown.map { .object(Self.encoded($0)) }).encoded())
    }
    let isWhole = key == nil || shown.contains { !$0.key.keys.isEmpty }
    for line in isWhole ? Self.table(shown) : Self.explanations(shown) {
      try StandardOutput.write(line: line)
    }
  }

  /// The keys of a section, or those that a path or name stands for.
  private static func keys(_ text: String) throws -> [(path: String, key: RecipeKey)] {
    let found = Recipe.keys(at: text)
    if let section = found.first, found.count == 1, !section.key.keys.isEmpty {
      return found + Recipe.allKeys.filter { $0.path.hasPrefix(section.path + ".") }
    }
    if !found.isEmpty { return found }
    let names = Recipe.allKeys.flatMap { [$0.path, $0.key.name] }
    let hint = Spelling.closest(to: text, among: names).map { "did you mean \($0)?" }
    throw ValidationError(
      "no key \(text.visible().shortened(to: 60)) (\(hint ?? "grpo recipe keys lists all"))")
  }

  // MARK: For people

  private static func table(_ shown: [(path: String, key: RecipeKey)]) -> [String] {
    let terminal = Terminal.standardOutput
    var table = TextTable(endsInSentences: true)
    var seen: Set<String> = []
    for (path, key) in shown where seen.insert(path).inserted {
      let value = key.isRequired ? "required" : key.defaultValue ?? ""
      let cells = [path, value.shortened(to: 20), key.summary]
      if key.keys.isEmpty { table.append(cells) } else { table.append(title: cells) }
    }
    return table.lines(on: terminal)
  }

  private static func explanations(_ shown: [(path: String, key: RecipeKey)]) -> [String] {
    let terminal = Terminal.standardOutput
    var lines: [String] = []
    for (path, key) in shown {
      if !lines.isEmpty { lines.append("") }
      lines.append(terminal.styled(path, .bold))
      lines += terminal.wrapped("  \(key.meaning)", indent: 2)
      for (title, text) in facts(path, key) {
        lines += terminal.wrapped("  \(title.padded(toAtLeast: 8))  \(text)", indent: 12)
      }
    }
    return lines
  }

  private static func facts(_ path: String, _ key: RecipeKey) -> [(String, String)] {
    var facts = [("values", key.values)]
    if key.isRequired {
      facts.append(("default", "none, required"))
    } else if let value = key.defaultValue {
      facts.append(("default", value))
    }
    for (value, algorithms) in Recipe.Algorithm.defaults(of: key, at: path)
    where value != key.defaultValue {
      facts.append(("", "\(value) with \(algorithms.joined(separator: ", "))"))
    }
    if !key.effect.isEmpty { facts.append(("effect", "only \(key.effect)")) }
    if !key.otherNames.isEmpty {
      facts.append(("called", key.otherNames.joined(separator: ", ") + " in other programs"))
    }
    return facts
  }

  // MARK: For programs

  private static func encoded(_ shown: (path: String, key: RecipeKey)) -> JSONObject {
    let key = shown.key
    return [
      "key": .string(shown.path), "meaning": .string(key.meaning), "values": .string(key.values),
      "alternatives": .array(key.alternatives.map { .string($0) }),
      "default": key.defaultValue.map { .string($0) } ?? .null,
      "defaults": .object(
        JSONObject(
          Recipe.Algorithm.defaults(of: key, at: shown.path).flatMap { value, algorithms in
            algorithms.map { ($0, .string(value)) }
          })),
      "required": .bool(key.isRequired),
      "effect": key.effect.isEmpty ? .null : .string(key.effect),
      "also_called": .array(key.otherNames.map { .string($0) }),
    ]
  }
}

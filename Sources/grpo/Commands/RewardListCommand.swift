import ArgumentParser
import Formats
import Rewards

/// `grpo reward list`.
struct RewardListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the built-in rewards with their options and an example.",
    discussion: """
      Each example is one entry under rewards in a recipe. Every entry can also have label, weight \
      and on_error.
      """)

  @Argument(
    help: "The reward. (default: lists all)", completion: .rewards,
    transform: RewardListCommand.description)
  var name: BuiltInReward.Description?

  @Flag(help: "Prints JSON.")
  var json = false

  func run() async throws {
    let shown = name.map { [$0] } ?? BuiltInReward.descriptions
    if json {
      let object = JSONObject(shown.map { ($0.name, .object(Self.encoded($0))) })
      return try StandardOutput.write(line: JSON.object(object).encoded())
    }
    for (index, description) in shown.enumerated() {
      if index > 0 { try StandardOutput.write(line: "") }
      for line in Self.lines(description) { try StandardOutput.write(line: line) }
    }
  }

  private static func lines(_ description: BuiltInReward.Description) -> [String] {
    let terminal = Terminal.standardOutput
    var table = TextTable(endsInSentences: true)
    for option in description.options {
      let value = option.defaultValue.map { "\(option.need) (\($0))" } ?? option.need
      table.append(["  " + option.name, value, option.meaning])
    }
    let example = description.example.entries.map {
      "\($0.key): \($0.value.encoded())".heldTogether
    }
    let title = terminal.styled(description.name, .bold) + ": " + description.summary
    return terminal.wrapped(title, indent: 2) + table.lines(on: terminal)
      + terminal.wrapped("  - { \(example.joined(separator: ", ")) }", indent: 6)
  }

  private static func encoded(_ description: BuiltInReward.Description) -> JSONObject {
    [
      "summary": .string(description.summary),
      "options": .array(
        description.options.map {
          [
            "name": .string($0.name), "meaning": .string($0.meaning), "need": .string($0.need),
            "default": $0.defaultValue.map { .string($0) } ?? .null,
          ]
        }), "example": .object(description.example),
    ]
  }

  private static func description(_ text: String) throws -> BuiltInReward.Description {
    let all = BuiltInReward.descriptions
    if let found = all.first(where: { $0.name.hasSameBytes(as: text) }) { return found }
    let hint = Spelling.closest(to: text, among: BuiltInReward.names).map {
      "; did you mean \($0)?"
    }
    throw ValidationError(
      "no reward \(text.visible()) (need one of "
        + "\(BuiltInReward.names.joined(separator: ", "))\(hint ?? ""))")
  }
}

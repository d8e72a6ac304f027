public import Formats
internal import Rewards

extension Recipe {
  /// One of the scores whose weighted sum a completion's reward is: an item of `rewards`.
  ///
  /// Either the name of a built-in score alone, or a map of `name`, `label`, `weight` and the
  /// score's own options, or a map of `command`, `name`, `weight`, `timeout` and `directory`.
  public struct Reward: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
      /// A built-in score, by its `name`, and the options that it takes.
      case builtIn(String, options: JSONObject)
      case command(Command)
    }

    /// What metrics call it: `label` for a built-in score, by default its name; `name` for a
    /// command, by default its program without folder and extension.
    public var label = ""
    /// Its weight in the sum, −10⁶ to 10⁶: `weight`.
    ///
    /// A reward of weight 0 is only logged.
    public var weight = 1.0
    public var source: Source

    public init(_ source: Source) {
      self.source = source
      label =
        switch source {
        case .builtIn(let name, _): name
        case .command(let command): command.defaultLabel
        }
    }
  }

  /// A program that scores completions.
  public struct Command: Sendable, Equatable {
    /// The program and its arguments, 1 to 256 texts: `command`.
    ///
    /// Required.
    public var arguments: [String] = []
    /// Seconds until a batch of scores must be there, above 0 and at most 86400: `timeout`.
    public var timeoutSeconds = 30.0
    /// The directory the program runs in, by default the recipe's: `directory`.
    ///
    /// Relative paths among the arguments count from it.
    public var directory = "."

    public init() {}

    /// The program as an absolute path, or a bare name to be looked for along `PATH`.
    public var executable: String {
      let program = arguments.first ?? ""
      return program.contains("/") ? RecipePath.absolute(program, from: directory) : program
    }

    var defaultLabel: String {
      let file = arguments.first?.split(separator: "/").last ?? "command"
      let stem = file.prefix { $0 != "." }
      return String(stem.isEmpty ? file : stem)
    }
  }
}

extension RecipeFormat where Value == Recipe.Reward {
  static var reward: Self {
    let section = RecipeFormat<Recipe.Reward>.section
    return Self(
      need: "a reward's name, or a map with name or command",
      read: { node, context in
        var map = node
        if case .scalar = node.content {
          map.content = .map([RecipeNode.Entry(key: "name", value: node)])
        }
        return section.read(map, context)
      },
      write: section.write)
  }
}

extension Recipe.Reward: RecipeSection {
  init() { self.init(.builtIn("", options: [:])) }

  mutating func declare(_ fields: RecipeFields) {
    if fields.isReading && fields.has("command") { source = .command(Recipe.Command()) }
    switch source {
    case .builtIn(var name, var options):
      fields("name", &name, .text, .required)
      if fields.isReading { label = name }
      fields("label", &label, .text)
      fields("weight", &weight, .number(-1e6...1e6))
      if fields.isReading {
        options = JSONObject(fields.takeRest().map { ($0.key, $0.value.json) })
        if fields.isSound { check(name, options, fields) }
      } else {
        for (key, value) in options.entries { fields.write(key, RecipeNode(json: value).content) }
      }
      source = .builtIn(name, options: options)
    case .command(var command):
      command.declare(fields)
      if fields.isReading { label = command.defaultLabel }
      fields("name", &label, .text)
      fields("weight", &weight, .number(-1e6...1e6))
      source = .command(command)
    }
  }

  /// Sets the score up once, which tells whether there is one of that name with such options.
  private func check(_ name: String, _ options: JSONObject, _ fields: RecipeFields) {
    do throws(RewardError) {
      _ = try BuiltInReward.named(name, options: options, label: label)
    } catch {
      switch error {
      case .unknownOption(_, let option, _, _), .badOption(_, let option, _):
        fields.fail(near: option, "\(error)")
      default:
        fields.fail(near: "name", "\(error)")
      }
    }
  }
}

extension Recipe.Command: RecipeSection {
  mutating func declare(_ fields: RecipeFields) {
    fields("command", &arguments, .list(of: .text, count: 1...256), .required)
    fields("timeout", &timeoutSeconds, .number(above: 0, through: 86400))
    if fields.isReading { directory = fields.context.directory }
    fields("directory", &directory, .path)
  }
}

extension RecipeNode {
  /// The value in JSON's terms: unquoted scalars are null, truth values and numbers where they
  /// are written as such.
  var json: JSON {
    switch content {
    case .scalar(let text, quoted: true): .string(text)
    case .scalar(let text, quoted: false):
      if isNull {
        .null
      } else if let flag = Bool(text) {
        .bool(flag)
      } else if text.isWholeNumber, let integer = Int(text) {
        .integer(integer)
      } else if text.isDecimalNumber, let number = Double(text), number.isFinite {
        .number(number)
      } else {
        .string(text)
      }
    case .list(let items): .array(items.map(\.json))
    case .map(let entries): .object(JSONObject(entries.map { ($0.key, $0.value.json) }))
    }
  }

  init(json: JSON) {
    let content: Content =
      switch json {
      case .null: .scalar("null", quoted: false)
      case .bool(let value): .literal(value)
      case .integer(let value): .literal(value)
      case .number(let value): .literal(value)
      case .string(let value): .text(value)
      case .array(let items): .list(items.map { RecipeNode(json: $0) })
      case .object(let object):
        .map(object.entries.map { Entry(key: $0.key, value: RecipeNode(json: $0.value)) })
      }
    self.init(content: content, place: .code)
  }
}

public import Formats
internal import Foundation
public import Rewards

extension Recipe {
  /// One of the scores whose weighted sum a completion's reward is: an item of `rewards`.
  ///
  /// Either the name of a built-in score alone, or a map of `name`, `label` and the score's own
  /// options, or a map with `command`, `python`, `url`, `library` or `model`, `name` and what such a
  /// source takes; all maps may have `weight`, `on_error` and `range`.
  public struct Reward: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
      /// A built-in score, by its `name`, and the options that it takes.
      case builtIn(String, options: JSONObject)
      case command(Command)
      case python(PythonFunction)
      case url(Server)
      case library(Library)
      case model(Judge)
    }

    /// What metrics call it: `label` for a built-in score, by default its name; `name` for a
    /// plug-in, by default its program without folder and extension, its function, or the last
    /// part of its URL.
    public var label = ""
    /// Its weight in the sum, −10⁶ to 10⁶: `weight`.
    ///
    /// A reward of weight 0 is only logged.
    public var weight = 1.0
    /// What becomes of a completion whose score failed, `mask`, `fail` (the run ends) or `zero`:
    /// `on_error`.
    public var onError: RewardSet.OnError = .mask
    /// The least and the greatest reward, before the weight; one outside has failed: `range`.
    ///
    /// Without it any finite number is a reward.
    public var range: [Double]?
    public var source: Source

    public init(_ source: Source) {
      self.source = source
      label = source.defaultLabel
    }
  }
}

extension RecipeFormat where Value == [Recipe.Reward] {
  static var rewards: Self { .list(of: .reward, count: 1...64) }
}

extension Recipe.Reward {
  /// A reward in any form that an item of `rewards` takes, as YAML on one line.
  ///
  ///     exact_match
  ///     { name: numeric_match, extract: last_number }
  ///
  /// Paths count from the current directory.
  ///
  /// - Parameter option: what the user typed before it, for messages: `--reward`.
  /// - Throws: a `RecipeError`: the first thing that is wrong.
  public init(yaml text: String, option: String) throws(RecipeError) {
    let node = try RecipeNode(yaml: text) { _ in .option(option, key: "") }
    let context = RecipeContext(directory: FileManager.default.currentDirectoryPath)
    let reward = RecipeFormat<Recipe.Reward>.reward.read(node, context)
    if let problem = context.journal.first { throw problem }
    self = reward ?? Recipe.Reward()
  }
}

extension RecipeFormat where Value == Recipe.Reward {
  static var reward: Self {
    let section = RecipeFormat<Recipe.Reward>.section
    return Self(
      need: "a reward's name, or a map with name, command, python, url, library or model",
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
    if fields.isReading { source = Source(kindIn: fields) }
    switch source {
    case .builtIn(var name, var options):
      fields("name", &name, .text, .required)
      if fields.isReading { label = name }
      fields("label", &label, .text)
      declareCommon(fields)
      if fields.isReading {
        options = JSONObject(fields.takeRest().map { ($0.key, $0.value.json) })
        if fields.isSound { check(name, options, fields) }
      } else {
        for (key, value) in options.entries { fields.write(key, RecipeNode(json: value).content) }
      }
      source = .builtIn(name, options: options)
    case .command(var command):
      command.declare(fields)
      source = .command(command)
      declarePlugin(fields)
    case .python(var function):
      function.declare(fields)
      source = .python(function)
      declarePlugin(fields)
    case .url(var server):
      server.declare(fields)
      source = .url(server)
      declarePlugin(fields)
    case .library(var library):
      library.declare(fields)
      source = .library(library)
      declarePlugin(fields)
    case .model(var judge):
      judge.declare(fields)
      source = .model(judge)
      declarePlugin(fields)
    }
  }

  private mutating func declarePlugin(_ fields: RecipeFields) {
    if fields.isReading { label = source.defaultLabel }
    if fields.isReading, fields.isOverruled("name", by: Source.kindKeys) {
      fields.refuse("name", because: "names another reward")
    } else {
      fields("name", &label, .text)
    }
    declareCommon(fields)
  }

  private mutating func declareCommon(_ fields: RecipeFields) {
    fields("weight", &weight, .number(-1e6...1e6))
    fields("on_error", &onError, .choice)
    fields("range", &range, .list(of: .number(-1e300...1e300), count: 2...2))
    if fields.isReading, let range, range[0] > range[1] {
      fields.fail("range", "is empty (got \(range[0]) to \(range[1]); need the least first)")
    }
  }

  /// Sets the score up once, which tells whether there is one of that name with such options.
  private func check(_ name: String, _ options: JSONObject, _ fields: RecipeFields) {
    do throws(RewardError) {
      _ = try BuiltInReward.named(name, options: options, label: label)
    } catch {
      switch error {
      case .unknownOption(_, let option, _, _), .badOption(_, let option, _):
        fields.failWithoutEffect(near: option, "\(error)")
      default:
        fields.fail(near: "name", "\(error)")
      }
    }
  }
}

extension Recipe.Reward.Source {
  fileprivate static let kindKeys = ["command", "python", "url", "library", "model"]

  /// The kind of source that a map is about, by its key.
  fileprivate init(kindIn fields: RecipeFields) {
    self =
      switch fields.chosen(among: Self.kindKeys) {
      case "command": .command(Recipe.Command())
      case "python": .python(Recipe.PythonFunction())
      case "url": .url(Recipe.Server())
      case "library": .library(Recipe.Library())
      case "model": .model(Recipe.Judge())
      default: .builtIn("", options: [:])
      }
  }

  var defaultLabel: String {
    switch self {
    case .builtIn(let name, _): name
    case .command(let command): command.defaultLabel
    case .python(let function): function.defaultLabel
    case .url(let server): server.defaultLabel
    case .library(let library): library.defaultLabel
    case .model(let judge): judge.defaultLabel
    }
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
      } else if text.isDecimalNumber, let number = try? JSON(parsing: Array(text.utf8), file: "") {
        number
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
      case .numeral(let digits): .literal(digits)
      case .string(let value): .text(value)
      case .array(let items): .list(items.map { RecipeNode(json: $0) })
      case .object(let object):
        .map(object.entries.map { Entry(key: $0.key, value: RecipeNode(json: $0.value)) })
      }
    self.init(content: content, place: .code)
  }
}

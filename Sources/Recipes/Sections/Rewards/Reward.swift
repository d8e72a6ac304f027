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
    /// What computes a reward.
    public enum Source: Sendable, Equatable {
      /// A built-in score, by its `name`, and the options that it takes.
      case builtIn(String, options: JSONObject)
      /// A command, started once for the run.
      case command(Command)
      /// A Python function, in a process of its own.
      case python(PythonFunction)
      /// A server that speaks OpenRLHF's protocol.
      case url(Server)
      /// A shared library that implements `grpo_reward.h`.
      case library(Library)
      /// A reward model in a directory.
      case model(Judge)
    }

    /// What metrics call it: `label` for a built-in score, by default its name; `name` for a
    /// plug-in, by default its program without folder and extension, its function, or the last
    /// part of its URL.
    public var label = ""
    /// Its weight in the sum: `weight`.
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
    /// What computes the reward.
    public var source: Source

    /// Creates a reward of weight 1, called as its source is by default.
    public init(_ source: Source) {
      self.source = source
      label = source.defaultLabel
    }
  }
}

extension Recipe.Reward {
  /// Whether something outside of the program scores, or a model.
  package var isPlugin: Bool { if case .builtIn = source { false } else { true } }
}

extension Format where Value == [Recipe.Reward] {
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
    let node = try Node(yaml: text) { _ in .option(option, key: "") }
    let context = Context(directory: FileManager.default.currentDirectoryPath)
    let reward = Format<Recipe.Reward>.reward.read(node, context)
    if let problem = context.journal.first { throw problem }
    self = reward ?? Recipe.Reward()
  }
}

extension Format where Value == Recipe.Reward {
  static var reward: Self {
    let section = Format<Recipe.Reward>.section
    let namesThatStandAlone = BuiltInReward.descriptions.filter { reward in
      !reward.options.contains(where: \.isRequired)
    }.map(\.name)
    return Self(
      .either(
        [.name(namesThatStandAlone), section.shape],
        name: "a reward's name, or a map with name, command, python, url, library or model"),
      read: { node, context in
        var map = node
        if case .scalar = node.content {
          map.content = .map([Node.Entry(key: "name", value: node)])
        }
        return section.read(map, context)
      },
      write: section.write)
  }
}

extension Recipe.Reward: Section {
  init() { self.init(.builtIn("", options: [:])) }

  mutating func declare(_ fields: Fields) {
    if fields.isDescribing { return describeSources(fields) }
    if fields.isReading { source = Source(kindIn: fields) }
    if case .builtIn(let name, let options) = source {
      return declareBuiltIn(fields, name, options)
    }
    declareSource(fields)
    if fields.isReading { label = source.defaultLabel }
    let isOther = fields.isReading && fields.isOverruled("name", by: Source.kindKeys)
    if isOther {
      fields.refuse("name", because: "names another reward")
    } else {
      declareLabel(fields)
    }
    declareCommon(fields)
  }

  private mutating func declareSource(_ fields: Fields) {
    switch source {
    case .builtIn: break
    case .command(let command): source = .command(fields.declared(command))
    case .python(let function): source = .python(fields.declared(function))
    case .url(let server): source = .url(fields.declared(server))
    case .library(let library): source = .library(fields.declared(library))
    case .model(let judge): source = .model(fields.declared(judge))
    }
  }

  private mutating func declareLabel(_ fields: Fields) {
    fields(
      "name", &label, .text, "The name of its metrics.",
      default: "the program, the function, or the last part of the URL or path")
  }

  /// Describes the keys of every source, each with the key that names the source.
  private func describeSources(_ fields: Fields) {
    var (reward, name) = (self, "")
    let others = Source.kindKeys.map { Condition.absent($0, isPresent: false) }
    fields.group(when: others.dropFirst().reduce(others[0], &&)) {
      fields(
        "name", &name, .name(among: BuiltInReward.names),
        "The built-in reward. Its options are further keys of the entry: `grpo reward list NAME`.",
        .required)
      fields("label", &reward.label, .text, "The name of its metrics.", default: "its name")
    }
    reward.declareCommon(fields)
    for builtIn in BuiltInReward.descriptions {
      let isNamed = Condition(test: .isOneOf("name", [builtIn.name]), holds: true, found: "")
      fields.group(when: isNamed) { builtIn.options.forEach(fields.describe) }
    }
    for (key, source) in Source.plugins {
      fields.group(when: .present(key, among: Source.kindKeys, isPresent: true)) {
        reward.source = source
        reward.declareSource(fields)
        reward.declareLabel(fields)
      }
    }
  }

  /// Its options are what no other key is.
  private mutating func declareBuiltIn(
    _ fields: Fields, _ name: String, _ options: JSONObject
  ) {
    var (name, options) = (name, options)
    fields("name", &name, .text, "The built-in reward.", .required)
    if fields.isReading { label = name }
    fields("label", &label, .text, "The name of its metrics.")
    declareCommon(fields)
    if fields.isReading {
      options = JSONObject(fields.takeRest().map { ($0.key, $0.value.json) })
      if fields.isSound { check(name, options, fields) }
    } else {
      for (key, value) in options.entries { fields.write(key, Node(json: value).content) }
    }
    source = .builtIn(name, options: options)
  }

  private mutating func declareCommon(_ fields: Fields) {
    fields(
      "weight", &weight, .number(-1e6...1e6),
      "Its weight in the sum. A reward of weight 0 is only logged.", also: ["reward_weights"])
    fields(
      "on_error", &onError, .choice,
      "What becomes of a completion whose score failed: `mask` leaves it out of the update, `fail` "
        + "ends the run, `zero` scores it 0.")
    fields(
      "range", &range, .list(of: .number(-1e300...1e300), count: 2...2),
      "The least and the greatest score, before the weight; a score outside has failed.",
      default: "any finite number")
    if fields.isReading, let range, range[0] > range[1] {
      fields.fail("range", "is empty (got \(range[0]) to \(range[1]); need the least first)")
    }
  }

  /// Sets the score up once, which tells whether there is one of that name with such options.
  private func check(_ name: String, _ options: JSONObject, _ fields: Fields) {
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
  fileprivate static let plugins: KeyValuePairs<String, Self> = [
    "command": .command(Recipe.Command()), "python": .python(Recipe.PythonFunction()),
    "url": .url(Recipe.Server()), "library": .library(Recipe.Library()),
    "model": .model(Recipe.Judge()),
  ]

  fileprivate static let kindKeys = plugins.map(\.key)

  /// The kind of source that a map is about, by its key.
  fileprivate init(kindIn fields: Fields) {
    let key = fields.chosen(among: Self.kindKeys)
    self = Self.plugins.first { $0.key == key }?.value ?? .builtIn("", options: [:])
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

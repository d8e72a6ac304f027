public import RewardPlugins

extension Recipe {
  /// A program that scores completions.
  public struct Command: Sendable, Equatable {
    /// The program and its arguments: `command`.
    ///
    /// Required. A program with a `/` is a path, any other is looked up in `PATH`.
    public var arguments: [String] = []
    /// How its processes are run, and whether replies must have the `id` of their request,
    /// `required` or `off`: `ids`.
    ///
    /// Without it a line that comes late or early can pass for the reply to another request.
    public var options = PluginOptions()

    /// Creates a reward with every key at its default; the arguments must be set.
    public init() {}

    var defaultLabel: String { CommandReward.name(of: arguments.first ?? "command") }
  }
}

extension Recipe.Command: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "command", &arguments, .list(of: .textWithURLs, count: 1...256),
      "The program and its arguments. A program with a `/` is a path; any other is looked up in "
        + "PATH.", .required)
    fields(
      "ids", &options.ids, .choice,
      "Whether a reply must have the id of its request. `off` lets a late line pass for the reply "
        + "to another request.")
    options.declare(fields)
  }
}

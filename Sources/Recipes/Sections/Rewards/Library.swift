public import RewardPlugins

extension Recipe {
  /// A shared library that scores completions.
  public struct Library: Sendable, Equatable {
    /// The library, which implements `grpo_reward.h`: `library`.
    ///
    /// Required.
    public var path = ""
    /// Whether it has a process of its own: `isolated`.
    ///
    /// One that is loaded into this process instead can take it along when it crashes, and cannot be
    /// stopped when it hangs.
    public var isIsolated = true
    /// How the process of its own is run.
    public var options = PluginOptions()

    /// Creates a reward with every key at its default; the library's path must be set.
    public init() {}

    var defaultLabel: String { CommandReward.name(of: path) }
  }
}

extension Recipe.Library: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "library", &path, .path, "The shared library; it implements grpo_reward.h.", .required)
    fields(
      "isolated", &isIsolated, .flag,
      "Whether it runs in a process of its own. Otherwise a crash ends the run, and a hang cannot be "
        + "stopped.")
    fields.group(when: .key("isolated", isIsolated, is: true)) {
      options.declare(fields)
    }
  }
}

public import Formats
public import RewardPlugins

extension Recipe {
  /// A Python function that scores completions.
  public struct PythonFunction: Sendable, Equatable {
    /// `FILE.py:FUNCTION` or `MODULE:FUNCTION`: `python`.
    ///
    /// Required.
    public var function = ""
    /// How the function is called, `trl`, `verl` or `reasoning-gym`: `style`.
    public var style: PythonReward.Style = .trl
    /// Whether prompts and completions are lists of messages, for `style: trl`: `conversational`.
    public var conversational = false
    /// For `trl` the named function is called with these and gives the score function; for `verl`
    /// they are further keywords of each call; for `reasoning-gym` `tag_name`: `arguments`.
    public var arguments: JSONObject?
    /// The Python to run, a path with a `/` or a name to be looked up in `PATH`: `interpreter`.
    public var interpreter = "python3"
    /// How its processes are run.
    public var options = PluginOptions()

    /// Creates a reward with every key at its default; the function must be set.
    public init() {}

    var defaultLabel: String { PythonReward.name(of: function) ?? function }
  }
}

extension Recipe.PythonFunction: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "python", &function, .text, "The function: FILE.py:FUNCTION or MODULE:FUNCTION.", .required)
    if fields.isReading, !function.isEmpty, PythonReward.name(of: function) == nil {
      fields.fail(
        "python", "names no function (got \(function); need FILE.py:FUNCTION or MODULE:FUNCTION)")
    }
    fields(
      "style", &style, .choice,
      "The program whose convention the function follows: TRL's, verl's or reasoning-gym's.")
    fields(
      "conversational", &conversational, .flag,
      "Passes prompts and completions as lists of messages.", when: .key("style", style, is: .trl))
    fields(
      "arguments", &arguments, .json,
      "For `trl`, the named function is called with these and returns the reward function; for "
        + "`verl`, further keyword arguments of each call; for `reasoning-gym`, tag_name.",
      default: "none", also: ["reward_kwargs"])
    fields(
      "interpreter", &interpreter, .text,
      "The Python to run: a path with a `/`, or a name that is looked up in PATH.")
    options.declare(fields)
  }
}

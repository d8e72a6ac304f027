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

    public init() {}

    var defaultLabel: String { PythonReward.name(of: function) ?? function }
  }
}

extension Recipe.PythonFunction: Keyed {
  mutating func declare(_ fields: Fields) {
    fields("python", &function, .text, .required)
    if fields.isReading, !function.isEmpty, PythonReward.name(of: function) == nil {
      fields.fail(
        "python", "names no function (got \(function); need FILE.py:FUNCTION or MODULE:FUNCTION)")
    }
    fields("style", &style, .choice)
    fields(
      "conversational", &conversational, .flag, when: style == .trl,
      else: "has no effect with style \(style.rawValue) (need trl)")
    fields("arguments", &arguments, .json)
    fields("interpreter", &interpreter, .text)
    options.declare(fields)
  }
}

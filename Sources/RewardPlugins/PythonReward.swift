public import Formats
internal import Foundation
public import Rewards
internal import SystemPackage

/// A reward computed by a Python function of TRL, verl or reasoning-gym, unmodified.
///
/// A bridge, which needs the standard library alone, loads the function in your Python and serves
/// it as a ``CommandReward``. An exception fails the scores of its call, and the process lives on.
/// What the function prints goes to standard error.
public enum PythonReward {
  /// How the function is called.
  public enum Style: String, Sendable, CaseIterable {
    /// As TRL's `GRPOTrainer` does: the whole batch by keyword, dataset columns as lists.
    case trl
    /// As verl's `compute_score`: one completion with `data_source`, `ground_truth`, `extra_info`.
    case verl
    /// As reasoning-gym's `score_answer`: one answer with its dataset row.
    case reasoningGym = "reasoning-gym"
  }

  /// What the bridge adds to the reason where a function may expect lists of messages.
  package static let messagesHint =
    "; if the function expects lists of messages, set conversational: true (or --conversational)"

  /// Prepares a command that calls the function.
  ///
  /// - Parameters:
  ///   - target: `FILE.py:NAME`, a path relative to the options' directory, or `MODULE:NAME`.
  ///   - conversational: for `trl`, whether prompts and completions are lists of messages.
  ///   - arguments: for `trl`, what the named function is called with to get the score function;
  ///     for `verl` further keywords of every call; for `reasoning-gym` `tag_name`, the tag within
  ///     which completions answer.
  ///   - interpreter: a path, or a name looked up in PATH.
  /// - Throws: `RewardError.badOption`.
  public static func reward(
    _ target: String, name: String? = nil, style: Style = .trl, conversational: Bool = false,
    arguments: JSONObject? = nil, interpreter: String = "python3",
    options: PluginOptions = PluginOptions()
  ) throws(RewardError) -> CommandReward {
    guard let function = self.name(of: target) else {
      throw .badOption(
        reward: "python", option: "python",
        problem: "got \(target); need FILE.py:FUNCTION or MODULE:FUNCTION")
    }
    let script = String(decoding: PackageResources.bridge_py, as: UTF8.self)
    return try CommandReward(
      [
        interpreter, "-c", script, target, style.rawValue, String(conversational),
        arguments.map { JSON.object($0).encoded() } ?? "null",
      ], name: name ?? function, options: options)
  }

  /// The function that `target` names: what stands behind the last colon.
  public static func name(of target: String) -> String? {
    let parts = target.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count >= 2, let name = parts.last, !name.isEmpty,
      parts.dropLast().contains(where: { !$0.isEmpty })
    else { return nil }
    return String(name)
  }
}

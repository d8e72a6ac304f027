import Formats
import Foundation
import Recipes
import Training

/// A path as it is shown: from the current directory, where it lies within it.
func shownPath(_ path: String) -> String {
  let here = FileManager.default.currentDirectoryPath + "/"
  return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
}

/// The program as it was called, for commands that are shown to be typed.
var programName: String {
  let called = CommandLine.arguments.first ?? ""
  return called.contains("/") ? shownPath(called) : "grpo"
}

/// A command as it is shown to be typed, without the secrets that its words may hold.
func shownCommand(_ words: [String]) -> String {
  words.map { RecipeOverride.redacted($0).shellQuoted }.joined(separator: " ")
}

/// This command line once more; `train` must be told that going on is meant.
var commandToResume: String {
  var words = [programName] + CommandLine.arguments.dropFirst()
  if words.dropFirst().first == "train", !words.contains("--resume") { words.append("--resume") }
  return shownCommand(words)
}

/// A text whose paths are shown like that.
func shownPaths(in text: String) -> String {
  text.replacingOccurrences(of: FileManager.default.currentDirectoryPath + "/", with: "")
}

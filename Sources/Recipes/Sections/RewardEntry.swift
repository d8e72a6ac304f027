internal import RewardPlugins
package import Rewards

extension Recipe.Reward {
  /// The score with its weight; a plug-in is not yet started.
  ///
  /// - Parameter judge: Makes the score of a reward model.
  package func entry(
    judge: (Recipe.Judge) throws -> any RewardFunction
  ) throws -> RewardSet.Entry {
    RewardSet.Entry(
      try function(judge), weight: weight, onError: onError,
      range: range.map { $0[0]...$0[1] })
  }

  private func function(
    _ makeJudge: (Recipe.Judge) throws -> any RewardFunction
  ) throws -> any RewardFunction {
    try source.refuseRedactedTexts()
    return switch source {
    case .builtIn(let name, let options):
      try BuiltInReward.named(name, options: options, label: label)
    case .command(let command):
      try CommandReward(command.arguments, name: label, options: command.options)
    case .python(let python):
      try PythonReward.reward(
        python.function, name: label, style: python.style, conversational: python.conversational,
        arguments: python.arguments, interpreter: python.interpreter,
        options: python.processes.options)
    case .url(let server):
      try HTTPReward(
        try server.urls.map { try Secret($0).value(of: "url") },
        name: label, timeout: server.timeoutSeconds, headers: server.resolvedHeaders,
        usesProxy: server.usesProxy)
    case .library(let library):
      if library.isIsolated {
        try LibraryReward.isolated(
          library.path, name: label, options: library.processes.options)
      } else {
        LibraryReward(library.path, name: label)
      }
    case .model(let judge): try makeJudge(judge)
    }
  }
}

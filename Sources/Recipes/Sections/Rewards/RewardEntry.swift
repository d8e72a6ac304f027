internal import Formats
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
        options: python.options)
    case .url(let server):
      try HTTPReward(
        try server.urls.map { try Secret($0).value(of: "url") },
        name: label, timeout: server.timeoutSeconds, headers: server.resolvedHeaders,
        usesProxy: server.usesProxy)
    case .library(let library):
      if library.isIsolated {
        try LibraryReward.isolated(library.path, name: label, options: library.options)
      } else {
        LibraryReward(library.path, name: label)
      }
    case .model(let judge): try makeJudge(judge)
    }
  }
}

extension Recipe.Reward.Source {
  /// Refuses what was read from a file that secrets of URLs were left out of.
  ///
  /// - Throws: `RewardError.badOption`.
  fileprivate func refuseRedactedTexts() throws(RewardError) {
    func refuse(_ texts: [String], _ option: String) throws(RewardError) {
      for text in texts where Redaction.isRedacted(text) {
        throw .badOption(
          reward: defaultLabel, option: option,
          problem:
            "\(text): the run's copy of the recipe omits this secret (need the recipe that the run "
            + "was started with)")
      }
    }
    func refuse(_ options: PluginOptions) throws(RewardError) {
      try refuse(options.environment.compactMap(\.value), "env")
    }
    switch self {
    case .command(let command):
      try refuse(command.arguments, "command")
      try refuse(command.options)
    case .python(let function):
      try refuse(function.arguments.map { JSON.object($0).texts } ?? [], "arguments")
      try refuse(function.options)
    case .library(let library): try refuse(library.options)
    case .builtIn, .url, .model: break
    }
  }
}

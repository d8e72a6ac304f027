import ArgumentParser

/// `grpo reward`.
struct RewardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward",
    abstract: "Tries a reward out, and trains reward models.",
    subcommands: [
      RewardTestCommand.self, RewardTrainCommand.self, RewardServeCommand.self,
    ])
}

import ArgumentParser

/// `grpo reward`.
struct RewardCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward",
    abstract: "Lists built-in rewards, tests rewards, and trains reward models.",
    subcommands: [
      RewardListCommand.self, RewardTestCommand.self, RewardTrainCommand.self,
      RewardServeCommand.self,
    ])
}

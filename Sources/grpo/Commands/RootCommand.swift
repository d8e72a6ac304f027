import ArgumentParser
import Formats
import Rewards
import Runs

/// `grpo` itself.
struct RootCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grpo",
    abstract: "Trains small language policies on question/answer prompts with GRPO.",
    discussion: """
      Results go to standard output, everything else to standard error. With --json, warnings \
      and errors are JSON objects, one per line of standard error: \
      {"error": {"message": ..., "exit_code": ...}}.

      To complete commands, algorithms, recipe keys and files in bash, put the output of \
      grpo --generate-completion-script bash in ~/.local/share/bash-completion/completions/grpo. \
      zsh and fish work too.

      Exit codes: 0 done; 1 a gate failed (--fail-under); 64 a mistake on the command line; \
      65 bad data, a model's files included; 66 an input is missing; 69 a reward failed; \
      70 numbers that are not finite; 73 the output cannot be created; 74 reading or writing \
      failed; 75 stopped, and can be resumed; 78 a mistake in the recipe; 130 a second Ctrl-C.
      """,
    version: ProgramVersion.current,
    groupedSubcommands: [
      CommandGroup(
        name: "Training",
        subcommands: [
          RunCommand.self, WarmStartCommand.self, TrainCommand.self, CompareCommand.self,
          ComparedRunCommand.self,
        ]),
      CommandGroup(name: "Recipes", subcommands: [RecipeCommand.self]),
      CommandGroup(
        name: "Algorithms",
        subcommands: [AlgorithmsCommand.self, ExplainCommand.self]),
      CommandGroup(name: "Rewards", subcommands: [RewardCommand.self]),
      CommandGroup(
        name: "Models",
        subcommands: [
          EvaluateCommand.self, SampleCommand.self, ScoreCommand.self, TokenizerCommand.self,
        ]),
    ])

  private static func children(
    of command: any ParsableCommand.Type
  ) -> [any ParsableCommand.Type] {
    let configuration = command.configuration
    return configuration.subcommands + configuration.groupedSubcommands.flatMap(\.subcommands)
  }

  /// What is wrong with a first word that is no command; nil when it is one, or an option.
  static func unknownCommand(_ arguments: some Collection<String>) -> Failure? {
    // `help` takes the words of a command, too.
    let isHelp = arguments.first == "help"
    guard let word = arguments.dropFirst(isHelp ? 1 : 0).first, !word.hasPrefix("-"),
      word != "help"
    else { return nil }
    let names = children(of: self).compactMap { $0.configuration.commandName }
    if names.contains(word) { return nil }
    let suggestion = Spelling.closest(to: word, among: names).map { "; did you mean \($0)?" }
    return Failure(
      .usage, "unknown command \(word.visible().shortened(to: 60))\(suggestion ?? "")",
      help: "grpo --help")
  }

  /// The command that explains what `arguments` tried to do.
  static func helpCommand(for arguments: some Sequence<String>) -> String {
    var command: any ParsableCommand.Type = RootCommand.self
    var words = ["grpo"]
    for argument in arguments {
      let child = children(of: command).first { $0.configuration.commandName == argument }
      guard let child else { break }
      command = child
      words.append(argument)
    }
    return words.joined(separator: " ") + " --help"
  }
}

internal import RewardPlugins

extension PluginOptions {
  /// Declares how the processes of a plug-in are run.
  ///
  /// They run in the recipe's directory by default.
  mutating func declare(_ fields: Fields) {
    fields(
      "timeout", &timeout, .number(above: 0, through: Self.longestTimeout),
      "Seconds that a request may take.")
    fields(
      "start_timeout", &startTimeout, .number(above: 0, through: Self.longestTimeout),
      "Seconds that a process may take to start and answer an empty batch.")
    fields(
      "workers", &workers, .integer(1...64),
      "Processes that share each batch; the completions of a question stay together.")
    if fields.isReading { directory = fields.directory(of: "command", "python", "library") }
    fields(
      "directory", &directory, .path, "The directory in which processes run.",
      default: "the recipe's directory")
    fields(
      "env", &environment, .variables,
      "Environment variables. A process gets PATH, HOME and a few others, and what is named here; "
        + "null hands a variable over as it is.")
    fields(
      "memory_megabytes", &limits.memoryMegabytes, .integer(16...1_048_576),
      "The most address space of a process, in MiB.")
    fields(
      "cpu_seconds", &limits.cpuSeconds, .integer(1...1_000_000_000),
      "The most processor seconds in the life of a process.", default: "no limit")
    fields(
      "open_files", &limits.openFiles, .integer(16...65536), "The most open files of a process.")
    fields(
      "file_megabytes", &limits.fileMegabytes, .integer(1...1_048_576),
      "The largest file that a process may write, in MiB.")
    fields(
      "network", &limits.network, .flag,
      "Whether processes may reach a network. `false` leaves them none, not even localhost.")
  }
}

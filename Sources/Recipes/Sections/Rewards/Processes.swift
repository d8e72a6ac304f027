internal import RewardPlugins

extension PluginOptions {
  /// Declares how the processes of a plug-in are run.
  ///
  /// They run in the recipe's directory by default.
  mutating func declare(_ fields: Fields) {
    fields("timeout", &timeout, .number(above: 0, through: Self.longestTimeout))
    fields("start_timeout", &startTimeout, .number(above: 0, through: Self.longestTimeout))
    fields("workers", &workers, .integer(1...64))
    if fields.isReading { directory = fields.directory(of: "command", "python", "library") }
    fields("directory", &directory, .path)
    fields("env", &environment, .variables)
    fields("memory_megabytes", &limits.memoryMegabytes, .integer(16...1_048_576))
    fields("cpu_seconds", &limits.cpuSeconds, .integer(1...1_000_000_000))
    fields("open_files", &limits.openFiles, .integer(16...65536))
    fields("file_megabytes", &limits.fileMegabytes, .integer(1...1_048_576))
    fields("network", &limits.network, .flag)
  }
}

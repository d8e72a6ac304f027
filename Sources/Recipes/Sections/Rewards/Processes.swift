package import RewardPlugins

extension Recipe {
  /// How the processes of a plug-in are run.
  public struct Processes: Sendable, Equatable {
    /// Seconds until a batch of scores must be there, above 0 and at most 86400: `timeout`.
    public var timeoutSeconds = 30.0
    /// Seconds until a process must have answered the empty batch it gets at its start, above 0
    /// and at most 86400: `start_timeout`.
    public var startSeconds = 120.0
    /// Processes at a time, 1 to 64, each with its part of a batch: `workers`.
    public var workers = 1
    /// The directory they run in, by default the recipe's: `directory`.
    ///
    /// Relative paths count from it.
    public var directory = "."
    /// Environment variables, at most 256; one without a value is handed on from this program: `env`.
    ///
    /// Beside these, processes see ``PluginOptions/environmentAlways`` only.
    public var environment: [Variable] = []
    /// Address space of each in MiB, 16 to 1048576: `memory_megabytes`.
    public var memoryMegabytes = 2048
    /// Processor seconds of the whole life of each, 1 to 10⁹; any number without it: `cpu_seconds`.
    public var cpuSeconds: Int?
    /// Descriptors of each, 16 to 65536: `open_files`.
    public var openFiles = 256
    /// The size of a file that they write, in MiB, 1 to 1048576: `file_megabytes`.
    public var fileMegabytes = 64
    /// Whether they may reach a network: `network`.
    public var network = true

    public struct Variable: Sendable, Equatable {
      public var name: String
      public var value: String?

      public init(name: String, value: String?) {
        self.name = name
        self.value = value
      }
    }

    public init() {}

    package var options: PluginOptions {
      var options = PluginOptions()
      options.timeout = timeoutSeconds
      options.startTimeout = startSeconds
      options.workers = workers
      options.directory = directory
      for variable in environment {
        options.environment.updateValue(variable.value, forKey: variable.name)
      }
      options.limits.memoryMegabytes = memoryMegabytes
      options.limits.cpuSeconds = cpuSeconds
      options.limits.openFiles = openFiles
      options.limits.fileMegabytes = fileMegabytes
      options.limits.network = network
      return options
    }
  }
}

extension Recipe.Processes {
  mutating func declare(_ fields: Fields) {
    fields("timeout", &timeoutSeconds, .number(above: 0, through: PluginOptions.longestTimeout))
    fields("start_timeout", &startSeconds, .number(above: 0, through: PluginOptions.longestTimeout))
    fields("workers", &workers, .integer(1...64))
    if fields.isReading { directory = fields.directory(of: "command", "python", "library") }
    fields("directory", &directory, .path)
    fields("env", &environment, .variables)
    fields("memory_megabytes", &memoryMegabytes, .integer(16...1_048_576))
    fields("cpu_seconds", &cpuSeconds, .integer(1...1_000_000_000))
    fields("open_files", &openFiles, .integer(16...65536))
    fields("file_megabytes", &fileMegabytes, .integer(1...1_048_576))
    fields("network", &network, .flag)
  }
}

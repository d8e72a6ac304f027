public import Formats
internal import Foundation
public import RewardPlugins
package import Rewards

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

  /// A program that scores completions.
  public struct Command: Sendable, Equatable {
    /// The program and its arguments, 1 to 256 texts: `command`.
    ///
    /// Required. A program with a `/` is a path, any other is looked up in `PATH`.
    public var arguments: [String] = []
    /// Whether replies must have the `id` of their request, `required` or `off`: `ids`.
    ///
    /// Without it a line that comes late or early can pass for the reply to another request.
    public var ids = PluginOptions.IDs.required
    public var processes = Processes()

    public init() {}

    var defaultLabel: String { CommandReward.name(of: arguments.first ?? "command") }

    package var options: PluginOptions {
      var options = processes.options
      options.ids = ids
      return options
    }
  }

  /// A Python function that scores completions.
  public struct PythonFunction: Sendable, Equatable {
    /// `FILE.py:FUNCTION` or `MODULE:FUNCTION`: `python`.
    ///
    /// Required.
    public var function = ""
    /// How the function is called, `trl`, `verl` or `reasoning-gym`: `style`.
    public var style: PythonReward.Style = .trl
    /// Whether prompts and completions are lists of messages, for `style: trl`: `conversational`.
    public var conversational = false
    /// For `trl` the named function is called with these and gives the score function; for `verl`
    /// they are further keywords of each call; for `reasoning-gym` `tag_name`: `arguments`.
    public var arguments: JSONObject?
    /// The Python to run, a path with a `/` or a name to be looked up in `PATH`: `interpreter`.
    public var interpreter = "python3"
    public var processes = Processes()

    public init() {}

    var defaultLabel: String { PythonReward.name(of: function) ?? function }
  }

  /// A shared library that scores completions.
  public struct Library: Sendable, Equatable {
    /// The library, which implements `grpo_reward.h`: `library`.
    ///
    /// Required.
    public var path = ""
    /// Whether it has a process of its own: `isolated`.
    ///
    /// One that is loaded into this process instead can take it along when it crashes, and cannot be
    /// stopped when it hangs.
    public var isIsolated = true
    /// The process of its own.
    public var processes = Processes()

    public init() {}

    var defaultLabel: String { CommandReward.name(of: path) }
  }

  /// A reward model that scores completions.
  public struct Judge: Sendable, Equatable {
    /// What the model reads.
    public enum Style: String, Sendable, CaseIterable {
      /// The beginning of sequence, prompt and completion, encoded apart, and the end of sequence
      /// behind a completion that has ended: what `grpo reward train` and TRL's `RewardTrainer`
      /// train on.
      case grpo
      /// Prompt and completion encoded as one text, without special tokens: what TRL's `GRPOTrainer`
      /// gives a reward model.
      case trl
    }

    /// The model's directory, a `LlamaForSequenceClassification` with its `tokenizer.model`: `model`.
    ///
    /// Required.
    public var directory = ""
    /// What the model reads: `style`.
    public var style = Style.grpo
    /// Whether the end of sequence stands behind a completion that has ended, as where the model was
    /// trained, for `style: grpo`: `append_eos`.
    ///
    /// A model that pads with its end of sequence never reads it.
    public var appendsEOS = true

    public init() {}

    var defaultLabel: String { String(directory.split(separator: "/").last ?? "model") }
  }

  /// A server that scores completions.
  public struct Server: Sendable, Equatable {
    /// Where requests are posted, 1 to 64 addresses, or a single text: `url`.
    ///
    /// Required. With several each gets its part of a batch. `env:NAME` and `file:PATH` say where an
    /// address is to be found.
    public var urls: [String] = []
    /// Sent as `Authorization: Bearer TOKEN`, itself or as `env:NAME` or `file:PATH`: `token`.
    public var token: String?
    /// Further headers of every request, at most 64 names with texts, `env:NAME` or `file:PATH`:
    /// `headers`.
    public var headers: [Processes.Variable] = []
    /// Whether requests go through the proxy that `http_proxy` and its like name: `proxy`.
    public var usesProxy = false
    /// Seconds until a batch of scores must be there, above 0 and at most 86400: `timeout`.
    public var timeoutSeconds = 30.0

    public init() {}

    /// What every request has beside the usual headers, references resolved.
    package var resolvedHeaders: [String: String] {
      get throws(RewardError) {
        var result: [String: String] = [:]
        if let token { result["Authorization"] = "Bearer \(try Secret(token).value(of: "token"))" }
        for header in headers {
          result[header.name] = try Secret(header.value ?? "").value(of: "headers")
        }
        return result
      }
    }

    var defaultLabel: String { HTTPReward.name(of: urls.first ?? "url") }
  }
}

extension Recipe.Processes {
  mutating func declare(_ fields: RecipeFields) {
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

extension Recipe.Processes {
  /// Declares the same keys where there is no process.
  func refuse(_ fields: RecipeFields, because reason: String) {
    let keys = [
      "timeout", "start_timeout", "workers", "directory", "env", "memory_megabytes", "cpu_seconds",
      "open_files", "file_megabytes", "network",
    ]
    for key in keys { fields.refuse(key, because: reason) }
  }
}

extension Recipe.Command {
  mutating func declare(_ fields: RecipeFields) {
    fields("command", &arguments, .list(of: .textWithURLs, count: 1...256), .required)
    fields("ids", &ids, .choice)
    processes.declare(fields)
  }
}

extension Recipe.PythonFunction {
  mutating func declare(_ fields: RecipeFields) {
    fields("python", &function, .text, .required)
    if fields.isReading, !function.isEmpty, PythonReward.name(of: function) == nil {
      fields.fail(
        "python", "names no function (got \(function); need FILE.py:FUNCTION or MODULE:FUNCTION)")
    }
    fields("style", &style, .choice)
    fields(
      "conversational", &conversational, .flag, when: style == .trl,
      else: "has no effect with style \(style.rawValue) (need trl)")
    fields("arguments", &arguments, .json)
    fields("interpreter", &interpreter, .text)
    processes.declare(fields)
  }
}

extension Recipe.Library {
  mutating func declare(_ fields: RecipeFields) {
    fields("library", &path, .path, .required)
    fields("isolated", &isIsolated, .flag)
    if isIsolated {
      processes.declare(fields)
    } else {
      processes.refuse(fields, because: "has no effect with isolated false")
    }
  }
}

extension Recipe.Judge {
  mutating func declare(_ fields: RecipeFields) {
    fields("model", &directory, .path, .required)
    fields("style", &style, .choice)
    fields(
      "append_eos", &appendsEOS, .flag, when: style == .grpo,
      else: "has no effect with style \(style.rawValue) (need grpo)")
  }
}

extension Recipe.Server {
  mutating func declare(_ fields: RecipeFields) {
    fields("url", &urls, .listOrOne(of: .secretURL, count: 1...64), .required)
    for url in urls where fields.isReading && !Secret(url).isReference && !HTTPReward.isURL(url) {
      fields.fail(
        "url",
        "is no URL (got \(Redaction.redacted(url: url)); need http://HOST or https://HOST with a path)"
      )
    }
    fields("token", &token, .secret)
    fields("headers", &headers, .headers)
    for header in headers where fields.isReading && !HTTPHeaders.isName(header.name) {
      // What stands behind a colon was meant to be the text.
      let name = header.name.prefix { $0 != ":" && $0 != " " }
      fields.fail("headers", "has a name that cannot be set (got \(String(name).shortened()))")
    }
    let authorizes = headers.contains { $0.name.lowercased() == "authorization" }
    if fields.isReading, token != nil, authorizes {
      fields.fail("token", "has no effect beside headers.Authorization (need one of them)")
    }
    fields("proxy", &usesProxy, .flag)
    fields("timeout", &timeoutSeconds, .number(above: 0, through: PluginOptions.longestTimeout))
  }
}

extension Recipe.Reward.Source {
  /// Refuses what was read from a file that secrets of URLs were left out of.
  ///
  /// - Throws: `RewardError.badOption`.
  package func refuseRedactedTexts() throws(RewardError) {
    func refuse(_ texts: [String], _ option: String) throws(RewardError) {
      for text in texts where Redaction.isRedacted(text) {
        throw .badOption(
          reward: defaultLabel, option: option,
          problem:
            "\(text): its secret was left out when this was written (need it again, best from "
            + "the recipe that the run was started with)")
      }
    }
    func refuse(_ processes: Recipe.Processes) throws(RewardError) {
      try refuse(processes.environment.compactMap(\.value), "env")
    }
    switch self {
    case .command(let command):
      try refuse(command.arguments, "command")
      try refuse(command.processes)
    case .python(let function):
      try refuse(function.arguments.map { JSON.object($0).texts } ?? [], "arguments")
      try refuse(function.processes)
    case .library(let library): try refuse(library.processes)
    case .builtIn, .url, .model: break
    }
  }
}

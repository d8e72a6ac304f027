public import Formats
internal import Foundation

/// The paths of one training run's files.
public struct RunDirectory: Sendable {
  /// The run's own directory.
  public let path: String
  /// The run's own, as its manifest and its checkpoints have it; nil where it has none, or where it
  /// does not matter.
  package var id: String?
  /// The right to write it, which is confirmed before anything is written.
  package var owner: RunLock?

  /// Names a run's directory, which need not exist.
  public init(_ path: String) { self.path = path }

  /// The recipe as resolved.
  public var recipe: String { "\(path)/recipe.yaml" }
  /// The inputs of the run, with their hashes, and what changed since (``RunManifest``).
  public var manifest: String { "\(path)/MANIFEST.json" }
  /// The tokenizer, where one was trained for the run.
  public var tokenizer: String { "\(path)/tokenizer.model" }
  /// The directory of the warm start.
  public var warmStart: String { "\(path)/warm-start" }
  /// The log of the warm start, one JSON object a line.
  public var warmStartMetrics: String { "\(path)/warm-start/metrics.jsonl" }
  /// The model after the warm start, in the Hugging Face layout.
  public var warmStartModel: String { "\(path)/warm-start/model" }
  /// The log of training, one JSON object a line.
  public var metrics: String { "\(path)/metrics.jsonl" }
  /// The completions of training steps with their rewards, one JSON object a line.
  public var completions: String { "\(path)/completions.jsonl" }
  /// The run's checkpoints.
  public var checkpoints: Checkpoints {
    Checkpoints(directory: "\(path)/checkpoints", run: id, owner: owner)
  }
  /// The trained model in the Hugging Face layout.
  public var model: String { "\(path)/model" }
  /// The reward model that learned with it, in the Hugging Face layout.
  public var rewardModel: String { "\(path)/reward-model" }
  /// How the run ended, where it belongs to a comparison.
  public var outcome: String { "\(path)/outcome.json" }
  var lockFile: String { "\(path)/lock" }

  /// Makes the directory and the ones above it.
  ///
  /// - Throws: a `FormatError` that is `.cannotCreate`, also when `path` is a file.
  public func create() throws(FormatError) { try Files.createDirectory(path) }

  /// Keeps other processes from writing this run until the lock is released.
  ///
  /// - Throws: a `FormatError` that is `.cannotCreate` and names the process that has the lock.
  public func lock() throws(FormatError) -> RunLock { try RunLock(run: self) }

  /// Opens one of its logs, or makes an empty one.
  package func log(_ path: String) throws(FormatError) -> JSONLinesLog {
    try owner?.confirm()
    return try JSONLinesLog(path: path, owner: owner)
  }

  /// Replaces one of its files as a whole.
  package func write(
    _ bytes: [UInt8], to path: String, isPrivate: Bool = false
  ) throws(FormatError) {
    try owner?.confirm()
    try Files.writeAtomically(bytes, to: path, isPrivate: isPrivate)
  }

  /// Replaces what says what it was made of.
  package func write(_ manifest: RunManifest) throws(FormatError) {
    try owner?.confirm()
    try manifest.write(to: self.manifest)
  }

  /// Makes one of its directories, whole or not at all.
  package func writeDirectory(
    _ files: [(name: String, bytes: [UInt8])], to path: String
  ) throws(FormatError) {
    try owner?.confirm()
    try Files.writeDirectory(files, to: path)
  }

  /// Makes an empty directory in it, where there is none of that name.
  package func createDirectory(_ path: String) throws(FormatError) {
    try owner?.confirm()
    try Files.createDirectory(path)
  }

  /// Removes one of its files or directories.
  package func remove(_ path: String) throws(FormatError) {
    try owner?.confirm()
    try Files.remove(path)
  }

  /// Renames the logs of training, to `metrics.jsonl.1` and so on, unless they are empty; returns
  /// the new names.
  public func setLogsAside() throws(FormatError) -> [String]? {
    let logs = [metrics, completions].filter { (Files.size($0) ?? 0) > 0 }
    return logs.isEmpty ? nil : try setAside(logs)
  }

  /// Gives other names, `model.1` and so on, to what stands where the run is to write and is nothing
  /// that a run has there, and returns both names of each.
  ///
  /// Those are logs and manifests that are no regular files, checkpoints that are no directories, and
  /// models that lack a `config.json`; a
  /// reward model, too, with files in it that are none of one, where the model beside it is missing
  /// and both will be written. Symbolic links to what is right are right.
  public func setObstaclesAside() throws(FormatError) -> [(path: String, aside: String)] {
    let files = [manifest, metrics, completions, warmStartMetrics].filter {
      Files.isTaken($0) && Files.size($0) == nil && !Self.canBeMade($0)
    }
    let saved = try checkpoints.steps().map(checkpoints.path(of:))
    let folders = ([warmStart, checkpoints.directory] + saved).filter {
      Files.isTaken($0) && !Files.isDirectory($0)
    }
    var models: [String] = []
    for model in [warmStartModel, model] where !Files.exists(model + "/config.json") {
      if Files.isTaken(model), try !isEmptyDirectory(model) { models.append(model) }
    }
    if !Files.exists(model + "/config.json"), Files.isTaken(rewardModel),
      try !isEmptyDirectory(rewardModel), try !isModel(rewardModel)
    {
      models.append(rewardModel)
    }
    var moved: [(path: String, aside: String)] = []
    for path in files + folders + models { moved.append((path, try setAside([path])[0])) }
    return moved
  }

  /// Removes a model to make room for the next, or gives it another name where there are files in it
  /// that are none of a model's; returns that.
  public func discard(_ model: String) throws(FormatError) -> String? {
    guard try isModel(model) else { return try setAside([model])[0] }
    try owner?.confirm()
    // Renamed first, then removed: half a model would be in the way of the next one.
    let discarded = TemporaryName.path(for: model)
    try Files.rename(model, to: discarded)
    try Files.remove(discarded)
    return nil
  }

  /// Gives what stands at some paths other names, which end with one number, and returns those.
  private func setAside(_ paths: [String]) throws(FormatError) -> [String] {
    try owner?.confirm()
    var number = 1
    while paths.contains(where: { Files.isTaken("\($0).\(number)") }) { number += 1 }
    for path in paths { try Files.rename(path, to: "\(path).\(number)") }
    return paths.map { "\($0).\(number)" }
  }

  /// Whether a model is there, and nothing else.
  private func isModel(_ path: String) throws(FormatError) -> Bool {
    guard Files.isOwnDirectory(path), Files.exists(path + "/config.json") else { return false }
    let own = [
      "config.json", "generation_config.json", "chat_template.jinja", "model.safetensors",
      "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    ]
    return try Files.names(in: path).allSatisfy {
      own.contains($0) && !Files.isDirectory("\(path)/\($0)")
    }
  }

  private func isEmptyDirectory(_ path: String) throws(FormatError) -> Bool {
    guard Files.isOwnDirectory(path) else { return false }
    return try Files.names(in: path).isEmpty
  }

  /// Whether a symbolic link leads to where a file can be made.
  private static func canBeMade(_ path: String) -> Bool {
    guard !Files.exists(path) else { return false }
    let descriptor = FileSystemCalls.open(path, O_WRONLY | O_CREAT)
    if descriptor >= 0 { close(descriptor) }
    return descriptor >= 0
  }

  /// The first thing in the directory that a run would not begin with; nil where it may begin.
  ///
  /// A lock file, leftovers, and directories of a run with nothing else in them are no hindrance:
  /// a process that died while it wrote the first file leaves as much. Nor is a comparison of the
  /// same name, which a run may share its directory with.
  public func firstContent() throws(FormatError) -> String? { try firstContent(within: "") }

  private func firstContent(within folder: String) throws(FormatError) -> String? {
    for name in try Files.names(in: "\(path)/\(folder)") where !Self.isLeftover(name) {
      let place = folder + name
      if place == "lock" { continue }
      if folder.isEmpty, try isOfComparison(name) { continue }
      guard place == "checkpoints" || place == "warm-start",
        Files.isOwnDirectory("\(path)/\(place)")
      else { return place }
      if let content = try firstContent(within: place + "/") { return content }
    }
    return nil
  }

  /// What processes that died while writing have left, at any depth, as paths within the run.
  ///
  /// Symbolic links to directories are not followed, nor is a run within this one, which has a lock
  /// of its own. Only who has the run's lock may take what is
  /// found here for abandoned.
  func leftovers(within folder: String = "") throws(FormatError) -> [String] {
    var found: [String] = []
    for name in try Files.names(in: "\(path)/\(folder)") {
      let place = folder + name
      if Self.isLeftover(name) {
        found.append(place)
      } else if Files.isOwnDirectory("\(path)/\(place)"), !Files.exists("\(path)/\(place)/lock") {
        found += try leftovers(within: place + "/")
      }
    }
    return found
  }

  /// Whether a comparison keeps that in its directory: tables, and folders of runs by their seeds.
  private func isOfComparison(_ name: String) throws(FormatError) -> Bool {
    if Self.comparisonFiles.contains(name) { return true }
    guard Files.isOwnDirectory("\(path)/\(name)") else { return false }
    let runs = try Files.names(in: "\(path)/\(name)")
    return !runs.isEmpty && runs.allSatisfy { $0.hasPrefix("seed-") }
  }

  /// The names of what a comparison writes of all its runs.
  package static let comparisonFiles = [
    "results.csv", "differences.csv", "curves.csv", "curves.svg",
  ]

  /// Whether this is the temporary name of something that runs consist of; a file of the user's
  /// that is merely called alike is not.
  static func isLeftover(_ name: String) -> Bool {
    guard let final = TemporaryName(name)?.final else { return false }
    return names.contains(final) || Checkpoints.step(of: final) != nil
  }

  /// The names that a run gives to what it has in its directory.
  package static let names: Set<String> = {
    let run = RunDirectory("")
    return Set(
      [
        run.lockFile, run.recipe, run.manifest, run.tokenizer, run.warmStart, run.metrics,
        run.completions, run.checkpoints.directory, run.model, run.rewardModel, run.outcome,
      ].map { String($0.dropFirst()) })
  }()
}

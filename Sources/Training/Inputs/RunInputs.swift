internal import Formats
internal import Foundation
internal import LanguageModel
internal import Recipes
internal import RewardPlugins
internal import Runs
internal import Tokenization

/// The files that a run depends on, as they are now, and the variables that rewards are handed.
///
/// Every one of them is known by a ``FileDigest`` of its content; where it lies does not matter.
struct RunInputs {
  struct File {
    /// As ``RunManifest`` names it.
    var field: String
    /// What is hashed, as errors call it: a path, or a variable of the environment.
    var path: String
    var digest: FileDigest
  }

  let recipe: Recipe
  private(set) var files: [File] = []
  /// The names of rewards that read something that is not known.
  private(set) var unknown: [String] = []

  /// What there is to be hashed.
  private struct Named {
    /// Every file that the recipe names, by its key.
    private(set) var files: [(field: String, path: String)]
    /// What those files name in turn.
    private(set) var further: [(field: String, path: String)] = []
    private(set) var variables: [(field: String, name: String, value: String)] = []
    private(set) var unknown: [String] = []

    init(by recipe: Recipe) throws(FormatError) {
      files = try recipe.files()
      for (index, reward) in recipe.rewards.enumerated() { try add(reward, "rewards.\(index)") }
      guard let rewardModel = recipe.rewardModel else { return }
      if let labeller = rewardModel.labeller { try add(labeller, "reward_model.labeller") }
      if let path = rewardModel.preferences { files.append(("reward_model.preferences", path)) }
      if let path = rewardModel.path { files += try Recipe.modelFiles("reward_model.path", path) }
    }

    /// Adds what a reward is known to read; a server is asked, and not looked into.
    private mutating func add(_ reward: Recipe.Reward, _ field: String) throws(FormatError) {
      switch reward.source {
      case .builtIn, .url: break
      case .command(let command): add(try RewardInputs(field, of: command), of: reward.label)
      case .python(let function): add(try RewardInputs(field, of: function), of: reward.label)
      case .library(let library): files.append(("\(field).library", library.path))
      case .model(let judge): files += try Recipe.modelFiles("\(field).model", judge.directory)
      }
    }

    private mutating func add(_ inputs: RewardInputs, of reward: String) {
      files += inputs.files.filter { !$0.field.contains("/") }
      further += inputs.files.filter { $0.field.contains("/") }
      variables += inputs.variables
      if inputs.files.isEmpty || inputs.readsUnknown { unknown.append(reward) }
    }
  }

  /// Reads all that `recipe` names, and what the run has made that it goes on from.
  ///
  /// What is not there is left to whoever needs it.
  ///
  /// - Throws: a `FormatError` for a file that cannot be read.
  init(
    of recipe: Recipe, in run: RunDirectory, _ digests: inout FileDigests
  ) throws(FormatError) {
    self.recipe = recipe
    var seen: Set<ByteKey> = []
    let named = try Named(by: recipe)
    unknown = named.unknown
    files = named.variables.map {
      File(
        field: $0.field, path: "the variable \($0.name)",
        digest: FileDigest(of: Array($0.value.utf8)))
    }
    for (field, path) in try named.files + Self.products(of: run) + named.further
    where Files.size(path) != nil && seen.insert(ByteKey(path)).inserted {
      files.append(File(field: field, path: path, digest: try digests.digest(of: path)))
    }
  }

  var manifest: RunManifest {
    RunManifest(inputs: files.map { .init(field: $0.field, digest: $0.digest) })
  }

  /// Files that a reward names and that were not there when the run began.
  ///
  /// The reward may have written them, so they are told and do not count.
  func appeared(since manifest: RunManifest?) -> [File] {
    guard let manifest, manifest.hasAllOfRewards else { return [] }
    return files.filter {
      Self.isOfReward($0.field) && manifest[$0.field] == nil && !manifest.written.contains($0.field)
    }
  }

  /// Fields of files, other than programs, that are not what they were when the run began, or went
  /// on: what changes while a run goes on is written by its rewards.
  static func changed(
    by recipe: Recipe, since manifest: RunManifest, _ digests: inout FileDigests
  ) throws(FormatError) -> [String] {
    let named = try Named(by: recipe)
    var fields: [String] = []
    for (field, path) in named.files + named.further where isData(field, path) {
      guard !manifest.written.contains(field), Files.size(path) != nil,
        manifest[field] != (try digests.digest(of: path))
      else { continue }
      fields.append(field)
    }
    return fields
  }

  /// Whether a reward may write the file, as far as its place and name tell.
  private static func isData(_ field: String, _ path: String) -> Bool {
    let programs = [".py", ".sh", ".so", ".js", ".pl", ".rb", ".lua"]
    return isOfReward(field) && !field.contains(".python") && !field.hasSuffix(".command.0")
      && !programs.contains { path.hasSuffix($0) }
      && !FileManager.default.isExecutableFile(atPath: path)
      && [".command.", ".arguments", ".env."].contains { field.contains($0) }
  }

  /// What is another now than when the run began.
  ///
  /// A file that lies elsewhere with the same content is the same; where the recipe names another
  /// one, its key alone is told. What the run made itself may be missing on either side: it is
  /// made, or written down, again.
  func differences(from earlier: Recipe, _ manifest: RunManifest?) -> [Recipe.Difference] {
    var found = recipe.differences(from: earlier)
    guard let manifest else { return found }
    found.removeAll { difference in
      let now = files.filter { $0.field.isField(within: difference.field) }
      let then = manifest.inputs.filter { $0.field.isField(within: difference.field) }
      return !now.isEmpty && now.count == then.count
        && now.allSatisfy { manifest[$0.field] == $0.digest }
    }
    let keys = found
    let gone = manifest.inputs.map(\.field).filter { field in
      !files.contains { $0.field.hasSameBytes(as: field) }
    }
    for (field, file) in files.map({ ($0.field, $0) }) + gone.map({ ($0, nil) }) {
      let then = manifest[field]
      if then == file?.digest || manifest.written.contains(field) { continue }
      if keys.contains(where: { field.isField(within: $0.field) }) { continue }
      if (then == nil || file == nil) && Self.isProduct(field) { continue }
      if then == nil && (Self.isOfReward(field) || !manifest.hasAllOfRewards) { continue }
      found.append(
        Recipe.Difference(
          field: field, file: file?.path ?? "what it names",
          got: Self.text(file?.digest, of: field), need: Self.text(then, of: field)))
    }
    return found
  }

  /// All names that a difference may have, or could have had.
  func fields(with earlier: Recipe?, _ manifest: RunManifest?) -> [String] {
    recipe.keys + (earlier?.keys ?? []) + files.map(\.field)
      + (manifest?.inputs.map(\.field) ?? [])
  }

  private static func text(_ digest: FileDigest?, of field: String) -> String {
    guard let digest else { return "nothing" }
    // A variable may be a secret, which its size and digest would help to guess.
    if field.contains(".env."), !field.contains("/") { return "a value that is not shown" }
    return "\(digest.bytes) bytes, sha256 \(digest.sha256.prefix(16))…"
  }

  /// Whether the run makes the file itself.
  private static func isProduct(_ field: String) -> Bool {
    field == "tokenizer.model" || isOfWarmStart(field)
  }

  /// Whether the file is of the model that the warm start made.
  static func isOfWarmStart(_ field: String) -> Bool { field.hasPrefix("warm-start/") }

  private static func isOfReward(_ field: String) -> Bool {
    field.hasPrefix("rewards.") || field.hasPrefix("reward_model.")
  }

  private static func products(
    of run: RunDirectory
  ) throws(FormatError) -> [(field: String, path: String)] {
    let made =
      [run.tokenizer]
      + (try Files.names(in: run.warmStartModel)).map {
        "\(run.warmStartModel)/\($0)"
      }
    return made.map { (String($0.dropFirst(run.path.count + 1)), $0) }
  }
}

extension Recipe {
  /// What it names outside its rewards.
  fileprivate func files() throws(FormatError) -> [(field: String, path: String)] {
    var files = [("data.train", data.train)]
    if let test = data.test { files.append(("data.test", test)) }
    files.append(("prompt", prompt))
    if case .file(let path) = tokenizer { files.append(("tokenizer.path", path)) }
    if case .directory(let path) = model { files += try Self.modelFiles("model.path", path) }
    if case .file(let path) = tokenizer {
      files += TokenizerSettings.fileNames.map {
        ("tokenizer.path/\($0)", "\(Files.parent(of: path))/\($0)")
      }
    }
    return files
  }

  /// What programs read of a model's directory: configuration, weights and tokenizer.
  fileprivate static func modelFiles(
    _ field: String, _ directory: String
  ) throws(FormatError) -> [(field: String, path: String)] {
    let endings = [".json", ".safetensors", ".model"]
    guard Files.isDirectory(directory) else { return [] }
    let names = try Files.names(in: directory).filter { name in
      endings.contains { name.hasSuffix($0) }
    }
    return (names + ModelDirectory.partsWithin(directory)).map {
      ("\(field)/\($0)", "\(directory)/\($0)")
    }
  }
}

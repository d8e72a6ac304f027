internal import Formats
internal import Foundation
internal import RewardPlugins
internal import Runs

/// The files that a run depends on, as they are now.
///
/// Every one of them is known by a ``FileDigest`` of its content; where it lies does not matter.
struct RunInputs {
  struct File {
    /// As ``RunManifest`` names it.
    var field: String
    var path: String
    var digest: FileDigest
  }

  let recipe: Recipe
  private(set) var files: [File] = []

  /// Reads all that `recipe` names, and what the run has made that it goes on from.
  ///
  /// What is not there is left to whoever needs it.
  ///
  /// - Throws: a `FormatError` for a file that cannot be read.
  init(of recipe: Recipe, in run: RunDirectory) throws(FormatError) {
    self.recipe = recipe
    var seen: Set<ByteKey> = []
    for (field, path) in try recipe.inputFiles() + Self.products(of: run)
    where Files.size(path) != nil && seen.insert(ByteKey(path)).inserted {
      files.append(File(field: field, path: path, digest: try FileDigest(contentsOf: path)))
    }
  }

  var manifest: RunManifest {
    RunManifest(inputs: files.map { .init(field: $0.field, digest: $0.digest) })
  }

  /// What is another now than when the run began.
  ///
  /// A file that lies elsewhere with the same content is the same; where the recipe names another
  /// one, its key alone is told. What the run made itself may be missing on either side: it is
  /// made, or written down, again.
  func differences(from earlier: Recipe, _ manifest: RunManifest?) -> [RunDifference] {
    var found = recipe.differences(from: earlier)
    guard let manifest else { return found }
    found.removeAll { difference in
      let now = files.filter { RunDifference.isField($0.field, within: difference.field) }
      let then = manifest.inputs.filter {
        RunDifference.isField($0.field, within: difference.field)
      }
      return !now.isEmpty && now.count == then.count
        && now.allSatisfy { manifest[$0.field] == $0.digest }
    }
    let keys = found
    let gone = manifest.inputs.map(\.field).filter { field in
      !files.contains { $0.field.hasSameBytes(as: field) }
    }
    for (field, file) in files.map({ ($0.field, $0) }) + gone.map({ ($0, nil) }) {
      let then = manifest[field]
      if then == file?.digest
        || keys.contains(where: {
          RunDifference.isField(field, within: $0.field)
        })
      {
        continue
      }
      if (then == nil || file == nil) && Self.mayAppear(field) { continue }
      found.append(
        RunDifference(
          field: field, file: file?.path ?? "the file", got: Self.text(file?.digest),
          need: Self.text(then)))
    }
    return found
  }

  /// All names that a difference may have, or could have had.
  func fields(with earlier: Recipe?, _ manifest: RunManifest?) -> [String] {
    recipe.fieldNames + (earlier?.fieldNames ?? []) + files.map(\.field)
      + (manifest?.inputs.map(\.field) ?? [])
  }

  private static func text(_ digest: FileDigest?) -> String {
    digest.map { "\($0.bytes) bytes, sha256 \($0.sha256.prefix(16))…" } ?? "nothing"
  }

  /// Whether a file may come into being while the run goes on: what the run makes, and what a
  /// reward's command names, perhaps to write it.
  private static func mayAppear(_ field: String) -> Bool {
    field == "tokenizer.model" || field.hasPrefix("warm-start/") || field.contains(".command.")
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
  /// Every file that the recipe names, by its key.
  fileprivate func inputFiles() throws(FormatError) -> [(field: String, path: String)] {
    var files = [("data.train", data.train)]
    if let test = data.test { files.append(("data.test", test)) }
    files.append(("prompt", prompt))
    if case .file(let path) = tokenizer { files.append(("tokenizer.path", path)) }
    if case .directory(let path) = model { files += try Self.modelFiles("model.path", path) }
    for (index, reward) in rewards.enumerated() {
      files += try reward.inputFiles("rewards.\(index)")
    }
    if let rewardModel {
      files += try rewardModel.labeller?.inputFiles("reward_model.labeller") ?? []
      if let path = rewardModel.preferences { files.append(("reward_model.preferences", path)) }
      if let path = rewardModel.path {
        files += try Self.modelFiles("reward_model.path", path)
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
    return try Files.names(in: directory).filter { name in
      endings.contains { name.hasSuffix($0) }
    }.map { ("\(field)/\($0)", "\(directory)/\($0)") }
  }
}

extension Recipe.Reward {
  /// The files of the source; a program that is looked up in PATH, and what a program reads or
  /// imports by itself, are unknown.
  fileprivate func inputFiles(
    _ field: String
  ) throws(FormatError) -> [(field: String, path: String)] {
    switch source {
    case .builtIn, .url: return []
    case .command(let command):
      return command.arguments.enumerated().compactMap { index, argument in
        if index == 0 && !argument.utf8.contains(UInt8(ascii: "/")) { return nil }
        let path = RecipePath.absolute(argument, from: command.processes.directory)
        guard Files.size(path) != nil, FileManager.default.isReadableFile(atPath: path) else {
          return nil
        }
        return ("\(field).command.\(index)", path)
      }
    case .python(let function):
      let place = function.function.split(separator: ":").dropLast().joined(separator: ":")
      let module = place.replacing(".", with: "/")
      let names = place.hasSuffix(".py") ? [place] : ["\(module).py", "\(module)/__init__.py"]
      let paths = names.map { RecipePath.absolute($0, from: function.processes.directory) }
      return paths.first { Files.size($0) != nil }.map { [("\(field).python", $0)] } ?? []
    case .library(let library): return [("\(field).library", library.path)]
    case .model(let judge): return try Recipe.modelFiles("\(field).model", judge.directory)
    }
  }
}

internal import Formats
internal import Kernels

// Locates the files of a model directory, and reports what is missing.

extension ModelDirectory {
  /// `config.json`, and what errors call it.
  static func configurationBytes(
    _ directory: String
  ) throws(FormatError) -> (bytes: [UInt8], file: String) {
    let path = directory + "/config.json"
    if !Files.exists(path) { try refuseWhatIsNoModel(directory) }
    return (try Files.read(path, maximumBytes: 1 << 20), path)
  }

  /// Says what stands where a model's directory is needed, if there is anything.
  private static func refuseWhatIsNoModel(_ directory: String) throws(FormatError) {
    func fault(_ message: String) -> FormatError { FormatError(message, file: directory) }
    guard Files.isDirectory(directory) else {
      if !Files.exists(directory) { return }
      throw fault(
        "is a file; need a directory with config.json, model.safetensors and tokenizer.model")
    }
    let names = try Files.names(in: directory)
    let below = names.filter { Files.exists("\(directory)/\($0)/config.json") }
    if let name = below.first(where: { $0 == "model" }) ?? below.last {
      throw fault("has no config.json (need \(directory)/\(name), which has one)")
    }
    if let found = foreignWeights(names).first {
      throw fault("has \(found) but no config.json (need the model's config.json with it)")
    }
  }

  /// The tensors of `model.safetensors`, or else of the files that its index names.
  ///
  /// - Parameter loader: the class of transformers that reads and writes such a model.
  static func weights(
    _ directory: String, _ configuration: ModelConfiguration, as loader: String
  ) throws(FormatError) -> Safetensors {
    // An output matrix that repeats the embedding may be there, and some headers.
    let (c, layout) = (configuration, ParameterLayout(configuration))
    let most = 4 * (layout.parameterCount + c.vocabularySize * c.hiddenSize) + (32 << 20)
    let path = directory + "/model.safetensors"
    if Files.exists(path) {
      try refuseWhatIsTooLarge([path], for: layout)
      return try Safetensors(bytes: Files.read(path, maximumBytes: most), file: path)
    }
    let index = path + ".index.json"
    if Files.exists(index) { return try sharded(index, in: directory, layout, maximumBytes: most) }
    guard let found = foreignWeights(try Files.names(in: directory)).first else {
      throw FormatError("no such file", file: path, kind: .missing)
    }
    throw FormatError(
      "has \(found) but no model.safetensors (need "
        + "\(cure(found, directory, loader)))", file: directory)
  }

  private static func sharded(
    _ index: String, in directory: String, _ layout: ParameterLayout, maximumBytes: Int
  ) throws(FormatError) -> Safetensors {
    let bytes = try Files.read(index, maximumBytes: 16 << 20)
    try ForeignFormat.refuse(bytes, file: index, need: "an index of weights", as: .model)
    guard let map = try JSON(parsing: bytes, file: index)["weight_map"]?.object else {
      throw FormatError("is missing; need an object", file: index, field: "weight_map")
    }
    let names = Set(map.entries.compactMap(\.value.string)).filter(isBelow)
    try refuseWhatIsTooLarge(names.map { "\(directory)/\($0)" }, for: layout)
    var files: [String: Safetensors] = [:]
    for (tensor, value) in map.entries {
      guard let name = value.string, isBelow(name) else {
        throw FormatError(
          "got \(value.encoded()); need the path of a file in the directory of the index or below",
          file: index,
          field: "weight_map.\(tensor)")
      }
      if files[name] == nil {
        let path = "\(directory)/\(name)"
        let read = files.values.reduce(0) { $0 + $1.byteCount }
        files[name] = try Safetensors(
          bytes: Files.read(path, maximumBytes: maximumBytes - read), file: path)
      }
      guard files[name]?.tensor(named: tensor) != nil || ParameterLayout.isIdle(tensor) else {
        throw FormatError(
          "is not in \(name), where the index puts it", file: index, field: "weight_map.\(tensor)")
      }
    }
    let parts = files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
    return try Safetensors(joining: parts, file: index)
  }

  /// Whether a path leads to a file in the same directory or in one within it.
  private static func isBelow(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
      !$0.isEmpty && $0 != "." && $0 != ".."
    }
  }

  /// The paths of the files of weights that an index puts into directories within a model's.
  package static func partsWithin(_ directory: String) -> [String] {
    let index = directory + "/model.safetensors.index.json"
    guard let bytes = try? Files.read(index, maximumBytes: 16 << 20),
      let map = try? JSON(parsing: bytes, file: index)["weight_map"]?.object
    else { return [] }
    return Set(map.entries.compactMap(\.value.string)).filter {
      $0.contains("/") && isBelow($0)
    }.sorted()
  }

  /// Files of weights and the numbers that are read out of them have to be in memory together.
  private static func refuseWhatIsTooLarge(
    _ paths: [String], for layout: ParameterLayout
  ) throws(FormatError) {
    let bytes = paths.reduce(0) { $0 + (Files.size($1) ?? 0) }
    // A file that is smaller than the configuration claims is refused for that.
    let need = bytes + min(4 * layout.count, 2 * bytes)
    guard let available = MachineMemory.available, need > available else { return }
    let (needed, found) = (Double(need), Double(available))
    throw FormatError(
      "is too large (needs \(MachineMemory.gibibytes(needed)) of memory; this machine has "
        + "\(MachineMemory.gibibytes(found)))", file: paths[0])
  }

  /// Files of weights that are not read, those first that can be converted.
  private static func foreignWeights(_ names: [String]) -> [String] {
    let endings = [
      "pytorch_model.bin", "pytorch_model.bin.index.json", ".safetensors", ".gguf", ".bin", ".pth",
      ".pt", ".h5", ".msgpack", ".onnx", ".npz",
    ]
    return endings.flatMap { ending in names.filter { $0.hasSuffix(ending) } }
  }

  private static func cure(_ found: String, _ directory: String, _ loader: String) -> String {
    if found.hasPrefix("adapter_") { return "the adapter merged into its model" }
    if found.hasPrefix("pytorch_model") {
      return "python3 -c \"from transformers import \(loader) as M; "
        + "M.from_pretrained('\(directory)').save_pretrained('\(directory)')\""
    }
    return "the model as transformers saves it"
  }
}

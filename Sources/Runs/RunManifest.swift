public import Formats

/// What a run was made of: `MANIFEST.json` in its directory.
///
///     { "format_version": 2, "version": "0.1.0", "id": "5f0c…",
///       "inputs": { "data.train": { "bytes": 3412, "sha256": "9f86…" }, … },
///       "changes": [ { "field": "train.beta", "from": "0.005", "to": "0.01", "step": 120 } ] }
public struct RunManifest: Sendable, Equatable {
  /// A file that the run depends on, or the value of an environment variable.
  ///
  /// A file is called by the recipe's key that names it; a file in a directory by the key, a `/`
  /// and its name; what the run has made itself by its path within the run.
  public struct Input: Sendable, Equatable {
    /// The recipe's key, or the path within the run.
    public var field: String
    /// Size and hash of the file's content, or of the variable's value.
    public var digest: FileDigest

    /// Creates an input.
    public init(field: String, digest: FileDigest) { (self.field, self.digest) = (field, digest) }
  }

  /// An input or setting that changed between two sessions of the run, and was accepted.
  public struct Change: Sendable, Equatable {
    /// The key that changed, such as `train.beta`.
    public var field: String
    /// The value before.
    public var from: String
    /// The value after.
    public var to: String
    /// How many steps the run had saved by then.
    public var step: Int

    /// Creates a change.
    public init(field: String, from: String, to: String, step: Int) {
      (self.field, self.from, self.to, self.step) = (field, from, to, step)
    }
  }

  /// The run's unique id, which its checkpoints have, too; nil for a run of an earlier version.
  ///
  /// Nothing that the run computes depends on it.
  public var id: String?
  /// The version of the program that wrote the run last.
  public var version: String
  /// The files and variables that the run depends on.
  public var inputs: [Input]
  /// What changed and was accepted, in order of time.
  public var changes: [Change]
  /// Whether the inputs have all that rewards were known to read when the run began; format 1 has
  /// of each the file alone that the recipe names.
  public var hasAllOfRewards = true

  /// The format this build writes, and the latest it reads.
  private static let formatVersion = 2
  /// Inputs that a reward made or changed itself after the run began; they are not compared.
  public var written: [String] = []

  /// Creates a manifest without an id.
  public init(version: String = ProgramVersion.current, inputs: [Input], changes: [Change] = []) {
    (self.version, self.inputs, self.changes) = (version, inputs, changes)
  }

  /// An id that no other run has.
  package static func newID() -> String {
    (0..<2).map { _ in UInt64.random(in: .min ... .max).digits(16, radix: 16) }.joined()
  }

  /// Reads the manifest at `path`.
  ///
  /// - Throws: a `FormatError`, which is `.unsupported` for one of a later build.
  public init(contentsOf path: String) throws(FormatError) {
    let json = try JSON(parsing: Files.read(path, maximumBytes: 64 << 20), file: path)
    func fault(_ field: String) -> FormatError {
      FormatError("is missing or invalid", file: path, field: field)
    }
    guard let format = try json.formatVersion(upTo: Self.formatVersion, file: path) else {
      throw fault("format_version")
    }
    guard let version = json["version"]?.string else { throw fault("version") }
    guard let inputs = json["inputs"]?.object else { throw fault("inputs") }
    guard let changes = json["changes"]?.array else { throw fault("changes") }
    self.init(version: version, inputs: [], changes: [])
    hasAllOfRewards = format > 1
    id = json["id"]?.string
    written = json["written"]?.array?.compactMap(\.string) ?? []
    for (field, value) in inputs.entries {
      guard let digest = FileDigest(decoding: value) else { throw fault("inputs.\(field)") }
      self.inputs.append(Input(field: field, digest: digest))
    }
    for (position, value) in changes.enumerated() {
      guard let field = value["field"]?.string, let from = value["from"]?.string,
        let to = value["to"]?.string, let step = value["step"]?.natural
      else { throw fault("changes[\(position)]") }
      self.changes.append(Change(field: field, from: from, to: to, step: step))
    }
  }

  /// The manifest at `path`, or why there is none: it is missing or damaged.
  ///
  /// - Throws: a `FormatError` for a manifest of a later version.
  public static func found(
    at path: String
  ) throws(FormatError) -> (manifest: RunManifest?, problem: FormatError?) {
    do throws(FormatError) {
      return (try RunManifest(contentsOf: path), nil)
    } catch {
      if error.kind == .unsupported { throw error }
      return (nil, error)
    }
  }

  /// Writes the manifest whole, or not at all.
  public func write(to path: String) throws(FormatError) {
    // A digest would reveal a short secret.
    let isPrivate = inputs.contains { $0.field.contains(".env.") }
    try Files.writeAtomically(encoded.encodedBytes(.pretty), to: path, isPrivate: isPrivate)
  }

  private var encoded: JSON {
    var object: JSONObject = [
      "format_version": .integer(hasAllOfRewards ? Self.formatVersion : 1),
      "version": .string(version),
      "inputs": .object(JSONObject(inputs.map { ($0.field, .object($0.digest.encoded)) })),
      "changes": .array(
        changes.map { change in
          [
            "field": .string(change.field), "from": .string(change.from), "to": .string(change.to),
            "step": .integer(change.step),
          ]
        }),
    ]
    if let id { object["id"] = .string(id) }
    if !written.isEmpty { object["written"] = .array(written.map { .string($0) }) }
    return .object(object)
  }

  /// The digest of the input `field`, or nil where there is none; setting nil removes it.
  public subscript(field: String) -> FileDigest? {
    get { inputs.first { $0.field.hasSameBytes(as: field) }?.digest }
    set {
      inputs.removeAll { $0.field.hasSameBytes(as: field) }
      if let newValue { inputs.append(Input(field: field, digest: newValue)) }
    }
  }
}

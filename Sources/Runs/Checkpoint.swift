public import Formats

/// One checkpoint of a run: its manifest, and the files that the manifest lists.
public struct Checkpoint: Sendable {
  /// One file, as the manifest lists it.
  public struct File: Sendable, Equatable {
    /// The file's name within the checkpoint's directory.
    public let name: String
    /// The size and hash that the content must have.
    public let digest: FileDigest
  }

  /// The checkpoint's directory.
  public let path: String
  /// How many steps the run had made when it was written.
  public let step: Int
  /// The id of its run; nil for a run of an earlier version, which had none.
  public let run: String?
  /// The files beside the manifest.
  public let files: [File]
  /// The value that the writer stored with the files.
  public let state: JSON
  /// Why later checkpoints could not be used, latest first.
  public internal(set) var skipped: [FormatError] = []

  /// The format this build writes, and the latest it reads.
  static let formatVersion = 1
  static let manifestName = "MANIFEST.json"

  /// Reads the manifest at `path`; of the files that it lists nothing is known yet.
  init(listedAt path: String, step: Int) throws(FormatError) {
    let name = "\(path)/\(Self.manifestName)"
    let manifest = try JSON(parsing: Files.read(name, maximumBytes: 64 << 20), file: name)
    func fault(_ field: String, _ message: String) -> FormatError {
      FormatError(message, file: name, field: field)
    }
    guard try manifest.formatVersion(upTo: Self.formatVersion, file: name) != nil else {
      throw fault("format_version", "is missing or not a version number")
    }
    guard manifest["step"]?.natural == step else {
      let found = manifest["step"]?.encoded() ?? "nothing"
      throw fault("step", "does not fit the directory (got \(found); need \(step))")
    }
    guard let entries = manifest["files"]?.array else {
      throw fault("files", "is missing or not an array")
    }
    guard let state = manifest["state"] else { throw fault("state", "missing") }
    var files: [File] = []
    for (position, entry) in entries.enumerated() {
      guard let file = entry["name"]?.string, Self.isFileName(file),
        let digest = FileDigest(decoding: entry)
      else { throw fault("files[\(position)]", "needs a name, bytes and sha256") }
      files.append(File(name: file, digest: digest))
    }
    (self.path, self.step, run) = (path, step, manifest["run"]?.string)
    (self.files, self.state) = (files, state)
  }

  /// Reads every file, and throws if one is not what the manifest says.
  func verify() throws(FormatError) {
    for file in files { _ = try contents(of: file) }
  }

  /// Whether every file is there in its size.
  var isWhole: Bool { files.allSatisfy { Files.size("\(path)/\($0.name)") == $0.digest.bytes } }

  /// The bytes of the file `name`.
  ///
  /// - Throws: a `FormatError` for a file that the manifest does not list, or whose size or hash
  ///   differs from what it says.
  public func read(_ name: String) throws(FormatError) -> [UInt8] {
    guard let file = files.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      throw FormatError("no such file", file: "\(path)/\(name)", kind: .missing)
    }
    return try contents(of: file)
  }

  private func contents(of file: File) throws(FormatError) -> [UInt8] {
    let name = "\(path)/\(file.name)"
    let (bytes, need) = (try Files.read(name, maximumBytes: .max), file.digest)
    guard bytes.count == need.bytes else {
      throw FormatError("wrong size (got \(bytes.count) bytes; need \(need.bytes))", file: name)
    }
    let hash = SHA256.hash(bytes)
    guard hash == need.sha256 else {
      throw FormatError("sha256 mismatch (got \(hash); need \(need.sha256))", file: name)
    }
    return bytes
  }

  /// Whether `name` is a plain file name that cannot lead out of its directory.
  static func isFileName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 255 && name != "." && name != ".."
      && name != manifestName && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0)
  }
}

internal import Formats
internal import Kernels
internal import LanguageModel

/// Numbers that a checkpoint holds in files of their own: those laid out as the parameters of a
/// model are, and a scalar head.
struct TensorFiles {
  let configuration: ModelConfiguration
  /// By the file's name without its ending.
  let parts: [(name: String, numbers: FloatBuffer)]
  let head: (name: String, state: ScalarHeadState)?

  private static func file(_ name: String) -> String { name + ".safetensors" }

  func encoded() throws(FormatError) -> [(name: String, bytes: [UInt8])] {
    var files: [(name: String, bytes: [UInt8])] = []
    for part in parts {
      let file = Self.file(part.name)
      files.append((file, try Parameters(configuration, viewing: part.numbers).encoded(file)))
    }
    if let head {
      let file = Self.file(head.name)
      files.append((file, try head.state.encoded(file)))
    }
    return files
  }

  /// Sets the numbers to those of the files.
  func restore(_ read: (String) throws -> [UInt8]) throws {
    func tensors(_ name: String) throws -> Safetensors {
      try Safetensors(bytes: try read(Self.file(name)), file: Self.file(name))
    }
    for part in parts {
      try Parameters(configuration, viewing: part.numbers).load(tensors(part.name))
    }
    if let head { try head.state.restore(tensors(head.name)) }
  }
}

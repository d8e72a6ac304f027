/// A kind of file that is often found in the place of another, told by its first bytes.
package enum FileKind: String, Sendable {
  case gitLFSPointer = "a Git LFS pointer"
  case htmlPage = "an HTML page"
  case zipArchive = "a zip archive (a PyTorch checkpoint, perhaps)"
  case pickle = "a Python pickle"
  case gguf = "a GGUF file"
  case gzip = "a gzip file"
  case tiktokenVocabulary = "a tiktoken vocabulary"

  /// Nil for anything else.
  package init?(_ bytes: [UInt8]) {
    func starts(_ text: String) -> Bool { bytes.starts(with: text.utf8) }
    let head = bytes.prefix(256).drop { $0 <= 0x20 }.map { $0 | 0x20 }
    if starts("version https://git-lfs.github.com/spec") {
      self = .gitLFSPointer
    } else if head.starts(with: "<!doctype html".utf8) || head.starts(with: "<html".utf8) {
      self = .htmlPage
    } else if starts("PK\u{3}\u{4}") {
      self = .zipArchive
    } else if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]),
      bytes.count < 8 || bytes[7] != 0
    {
      self = .pickle
    } else if starts("GGUF") {
      self = .gguf
    } else if bytes.starts(with: [0x1F, 0x8B, 0x08]) {
      self = .gzip
    } else if Self.isTiktoken(bytes) {
      self = .tiktokenVocabulary
    } else {
      return nil
    }
  }

  /// Its first line is a token in base 64 and the rank 0.
  private static func isTiktoken(_ bytes: [UInt8]) -> Bool {
    let parts = bytes.prefix(64).prefix { $0 != 0x0A }.split(separator: 0x20)
    guard parts.count == 2, parts[1].elementsEqual("0".utf8), parts[0].count % 4 == 0 else {
      return false
    }
    return parts[0].allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F, 0x3D: true
      default: false
      }
    }
  }

  /// - Throws: a `FormatError` for bytes of one of these kinds, which says that they are not `need`.
  package static func refuse(
    _ bytes: [UInt8], of file: String, need: String
  ) throws(FormatError) {
    guard let kind = FileKind(bytes) else { return }
    let cure = kind == .gitLFSPointer ? " (git lfs pull fetches the file)" : ""
    throw FormatError(file: file, message: "this is \(kind.rawValue), not \(need)\(cure)")
  }
}

/// What stands in the place of a file that can be read, told by its first bytes.
package struct ForeignFormat: Sendable {
  /// What the file is read as.
  package enum Role: Sendable {
    /// Rows, a template, a corpus: any text may be meant.
    case text
    /// A part of a model, in whose place a text can be told to be another's.
    case model
  }

  private typealias Conversion = @Sendable (_ path: String) -> String

  /// What people call it.
  package let name: String
  /// How a shell makes text of it; nil where there is no one way.
  private let conversion: Conversion?

  private init(_ name: String, _ conversion: Conversion? = nil) {
    (self.name, self.conversion) = (name, conversion)
  }

  /// Refuses bytes that are of such a format, with the command that makes text of the file.
  ///
  /// - Parameter need: what is read instead.
  package static func refuse(
    _ bytes: [UInt8], file: String, need: String, as role: Role = .text
  ) throws(FormatError) {
    guard let format = ForeignFormat(of: bytes, as: role) else { return }
    let command = format.conversion.flatMap { Self.isPath(file) ? ": " + $0(file) : nil } ?? ""
    throw FormatError("\(format.name); need \(need)\(command)", file: file)
  }

  /// The text in the bytes of a file, without a byte order mark.
  ///
  /// - Parameter need: what is read instead of a foreign format.
  package static func text(
    in bytes: [UInt8], file: String, need: String = "a text in UTF-8"
  ) throws(FormatError) -> String {
    try refuse(bytes, file: file, need: need)
    let bytes = bytes.withoutByteOrderMark
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    let offset = firstInvalidUTF8(in: bytes[...]) ?? 0
    throw FormatError(
      "is not UTF-8\(cure(of: bytes, file: file) ?? "")", file: file,
      line: bytes[..<offset].count { $0 == 0x0A } + 1)
  }

  /// The end of a message about bytes that are not UTF-8, with the command that makes it of what they
  /// are most likely to be; nil for UTF-8.
  package static func cure(of bytes: [UInt8], file: String) -> String? {
    guard isPath(file), firstInvalidUTF8(in: bytes[...]) != nil else { return nil }
    return "; if it is Latin-1, as programs for Windows write it: "
      + recoded(file, from: "WINDOWS-1252")
  }

  /// Whether a command can read what errors call `file`.
  private static func isPath(_ file: String) -> Bool { !Files.isStreamName(file) }

  private init?(of bytes: [UInt8], as role: Role) {
    // Safetensors begin with a length, which may read as the first bytes of anything.
    if role == .model, bytes.count > 8, bytes[7] == 0, bytes[8] == UInt8(ascii: "{") { return nil }
    let found =
      (role == .model ? Self.textInPlaceOfModel(bytes) : nil)
      ?? Self.archive(bytes, as: role) ?? Self.signatures.first { $0.matches(bytes, role) }?.format
      ?? (role == .text ? Self.encoding(bytes) : nil)
    guard let found else { return nil }
    self = found
  }

  /// The first bytes of a format.
  private struct Signature: Sendable {
    let head: [UInt8]
    let format: ForeignFormat
    /// Letters with which a text may start, too: such a file has bytes that no text has.
    var isOfLetters = false
    /// The only role in which it is looked for.
    var role: Role?

    init(_ head: [UInt8], _ format: ForeignFormat, role: Role? = nil) {
      (self.head, self.format, self.role) = (head, format, role)
    }

    init(letters: String, _ format: ForeignFormat) {
      (head, self.format, isOfLetters) = (Array(letters.utf8), format, true)
    }

    func matches(_ bytes: [UInt8], _ role: Role) -> Bool {
      bytes.starts(with: head) && (self.role ?? role) == role
        && (!isOfLetters || ForeignFormat.isBinary(bytes))
    }
  }

  private static let signatures: [Signature] = [
    Signature(letters: "PAR1", Self("Parquet") { pyarrow("pyarrow.parquet.read_table(f)", $0) }),
    Signature(
      letters: "ARROW1", Self("Arrow") { pyarrow("pyarrow.ipc.open_file(f).read_all()", $0) }),
    Signature(
      [0xFF, 0xFF, 0xFF, 0xFF],
      Self("an Arrow stream") { pyarrow("pyarrow.ipc.open_stream(f).read_all()", $0) }, role: .text),
    Signature(letters: "FEA1", Self("Feather") { pyarrow("pyarrow.feather.read_table(f)", $0) }),
    Signature([0x1F, 0x8B], Self("gzip") { unpacked($0, "gzip", [".gz"]) }),
    Signature(
      [0x28, 0xB5, 0x2F, 0xFD], Self("Zstandard") { unpacked($0, "zstd", [".zst", ".zstd"]) }),
    Signature(letters: "BZh", Self("bzip2") { unpacked($0, "bzip2", [".bz2"]) }),
    Signature([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], Self("xz") { unpacked($0, "xz", [".xz"]) }),
    Signature([0x04, 0x22, 0x4D, 0x18], Self("LZ4") { unpacked($0, "lz4", [".lz4"]) }),
    Signature([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], workbook),
    Signature(
      letters: "SQLite format 3\0",
      Self("an SQLite database") {
        "sqlite3 -json \($0.shellQuotedPath) 'SELECT * FROM table_name' > "
          + named($0, [".sqlite", ".sqlite3", ".db"], ".json").shellQuotedPath
      }),
    Signature([0x93] + Array("NUMPY".utf8), Self("a NumPy array")),
    Signature([0x89] + Array("HDF\r\n".utf8), Self("HDF5")),
    Signature(letters: "Obj\u{1}", Self("Avro")),
    Signature(letters: "ORC", Self("ORC") { pyarrow("pyarrow.orc.read_table(f)", $0) }),
    Signature(
      [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], Self("a 7z archive") { "7z x \($0.shellQuotedPath)" }),
    Signature(letters: "GGUF", Self("GGUF")),
    Signature(Array("%PDF-".utf8), Self("PDF")),
    Signature(
      Array("version https://git-lfs.github.com/spec".utf8),
      Self("a Git LFS pointer in place of the file") { _ in "git lfs pull" }),
  ]

  /// Whether there are bytes at the beginning that no text has.
  private static func isBinary(_ bytes: [UInt8]) -> Bool {
    bytes.prefix(64).contains { $0 < 0x09 || (0x0E..<0x20).contains($0) }
  }

  /// What is told by more than its first bytes: zip and tar archives, pickles.
  private static func archive(_ bytes: [UInt8], as role: Role) -> ForeignFormat? {
    func contains(_ letters: String) -> Bool {
      ByteSearch.first(Array(letters.utf8), in: Array(bytes.prefix(4096))) != nil
    }
    if bytes.starts(with: "PK\u{3}\u{4}".utf8) {
      if role == .model { return Self("a zip archive (a PyTorch checkpoint, perhaps)") }
      // The names of a workbook's parts stand uncompressed among its first bytes.
      return contains("xl/") || contains("[Content_Types]")
        ? workbook : Self("a zip archive") { "unzip \($0.shellQuotedPath)" }
    }
    if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
      return Self("a Python pickle")
    }
    if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
      return Self("a tar archive") { "tar -xkf \($0.shellQuotedPath)" }
    }
    return nil
  }

  /// The Unicode encoding, other than UTF-8, that a byte order mark tells, or else the first two
  /// characters, where they are ASCII.
  private static func encoding(_ bytes: [UInt8]) -> ForeignFormat? {
    func encoding(_ name: String, forIconv converter: String) -> ForeignFormat {
      Self(name) { recoded($0, from: converter) }
    }
    // The mark of UTF-16 is the first half of UTF-32's, little end first.
    for mark: [UInt8] in [[0xFF, 0xFE, 0, 0], [0, 0, 0xFE, 0xFF]] where bytes.starts(with: mark) {
      return encoding("UTF-32", forIconv: "UTF-32")
    }
    for mark: [UInt8] in [[0xFF, 0xFE], [0xFE, 0xFF]] where bytes.starts(with: mark) {
      return encoding("UTF-16", forIconv: "UTF-16")
    }
    func isASCII(at indices: [Int], of width: Int) -> Bool {
      let head = bytes.prefix(2 * width)
      return head.count == 2 * width
        && head.indices.allSatisfy { indices.contains($0) == (0x09..<0x7F).contains(head[$0]) }
        && head.indices.allSatisfy { indices.contains($0) || head[$0] == 0 }
    }
    for (name, width, indices) in [
      ("UTF-16LE", 2, [0, 2]), ("UTF-16BE", 2, [1, 3]), ("UTF-32LE", 4, [0, 4]),
      ("UTF-32BE", 4, [3, 7]),
    ] where isASCII(at: indices, of: width) {
      return encoding("\(name.prefix(6)) without a byte order mark", forIconv: name)
    }
    return nil
  }

  private static func recoded(_ path: String, from encoding: String) -> String {
    "iconv -f \(encoding) -t UTF-8 \(path.shellQuotedPath) > \(inserted(path, "utf8").shellQuotedPath)"
  }

  private static func textInPlaceOfModel(_ bytes: [UInt8]) -> ForeignFormat? {
    let head = bytes.prefix(256).drop { $0 <= 0x20 }.map { $0 | 0x20 }
    if head.starts(with: "<!doctype html".utf8) || head.starts(with: "<html".utf8) {
      return ForeignFormat("an HTML page")
    }
    return isTiktoken(bytes) ? ForeignFormat("a tiktoken vocabulary") : nil
  }

  /// Whether the first line is a token in base 64 and the rank 0.
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

  private static let workbook = ForeignFormat("an Excel workbook") {
    #"python3 -c 'import pandas, sys; pandas.read_excel(sys.argv[1], dtype=str, "#
      + "keep_default_na=False)"
      + #".to_csv(sys.argv[2], index=False)' \#($0.shellQuotedPath) "#
      + named($0, [".xlsx", ".xlsm", ".xls"], ".csv").shellQuotedPath
  }

  /// One line of JSON for each row of a table, with null for numbers that are not finite, and what
  /// else JSON has no word for as text.
  private static func pyarrow(_ table: String, _ path: String) -> String {
    let module = table.split(separator: ".").prefix(2).joined(separator: ".")
    return "python3 -c 'import json, sys, \(module); f = sys.argv[1]; "
      + "[print(json.dumps(json.loads(json.dumps(r, default=str), parse_constant=lambda c: None), "
      + "ensure_ascii=False)) for r in \(table).to_pylist()]' "
      + "\(path.shellQuotedPath) > "
      + named(path, [".parquet", ".arrow", ".feather", ".orc"], ".jsonl").shellQuotedPath
  }

  private static func unpacked(_ path: String, _ program: String, _ endings: [String]) -> String {
    let known = endings.contains { path.utf8.reversed().starts(with: $0.utf8.reversed()) }
    let name = known ? named(path, endings, "") : inserted(path, "plain")
    return "\(program) -dc < \(path.shellQuotedPath) > \(name.shellQuotedPath)"
  }

  /// The path with another ending in the place of one of those, or behind all; one that is free.
  private static func named(_ path: String, _ endings: [String], _ ending: String) -> String {
    for known in endings where path.utf8.reversed().starts(with: known.utf8.reversed()) {
      return free(String(decoding: path.utf8.dropLast(known.utf8.count), as: UTF8.self) + ending)
    }
    return free(path + ending)
  }

  /// The path with a word before its ending, `train.plain.jsonl`; one that is free.
  private static func inserted(_ path: String, _ word: String) -> String {
    free(insertedAnyway(path, word))
  }

  /// The path, or one like it under which there is no file yet: a command must not replace one.
  private static func free(_ path: String) -> String {
    var (candidate, number) = (path, 2)
    while Files.exists(candidate) {
      candidate = insertedAnyway(path, String(number))
      number += 1
    }
    return candidate
  }

  private static func insertedAnyway(_ path: String, _ word: String) -> String {
    let bytes = Array(path.utf8)
    let name = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    guard let point = bytes[name...].lastIndex(of: UInt8(ascii: ".")), point > name else {
      return "\(path).\(word)"
    }
    return String(decoding: bytes[..<point], as: UTF8.self) + ".\(word)"
      + String(decoding: bytes[point...], as: UTF8.self)
  }
}

import Formats
import Testing

/// The first bytes are those of files that pyarrow 25, pandas 3, Python 3 and the programs themselves
/// wrote.
@Suite struct ForeignFormatTests {
  private func message(
    _ bytes: [UInt8], file: String, as role: ForeignFormat.Role = .text
  ) -> String {
    do throws(FormatError) {
      try ForeignFormat.refuse(bytes, file: file, need: "text", as: role)
      return "no error"
    } catch {
      return String(describing: error)
    }
  }

  static let heads: [(bytes: [UInt8], letters: String, name: String)] = [
    ([0x50, 0x41, 0x52, 0x31, 0x15, 0x04, 0x15, 0x22], "", "Parquet"),
    ([0x41, 0x52, 0x52, 0x4F, 0x57, 0x31, 0x00, 0x00], "", "Arrow"),
    ([0xFF, 0xFF, 0xFF, 0xFF, 0x68, 0x01, 0x00, 0x00], "", "an Arrow stream"),
    ([0x46, 0x45, 0x41, 0x31, 0x00, 0x00, 0x00, 0x00], "", "Feather"),
    ([0x4F, 0x52, 0x43, 0x0A, 0x06, 0x12, 0x04, 0x08], "", "ORC"),
    ([0x1F, 0x8B, 0x08, 0x00], "", "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "", "Zstandard"),
    ([0x42, 0x5A, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, 0x1C, 0x03], "", "bzip2"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "", "xz"), ([0x04, 0x22, 0x4D, 0x18], "", "LZ4"),
    ([0x50, 0x4B, 0x03, 0x04], "docProps/app.xml [Content_Types].xml", "an Excel workbook"),
    ([0x50, 0x4B, 0x03, 0x04], "train.jsonl", "a zip archive"),
    ([], "SQLite format 3\0", "an SQLite database"),
    ([0x80, 0x04, 0x95, 0x06], "", "a Python pickle"), ([], "%PDF-1.7", "PDF"),
    ([], "version https://git-lfs.github.com/spec/v1", "a Git LFS pointer in place of the file"),
    ([0xFF, 0xFE, 0x71, 0x00], "", "UTF-16"), ([0xFE, 0xFF, 0x00, 0x71], "", "UTF-16"),
    ([0xFF, 0xFE, 0x00, 0x00], "", "UTF-32"), ([0x00, 0x00, 0xFE, 0xFF], "", "UTF-32"),
    ([0x7B, 0x00, 0x22, 0x00], "", "UTF-16 without a byte order mark"),
    ([0x00, 0x7B, 0x00, 0x22], "", "UTF-16 without a byte order mark"),
    ([0x7B, 0, 0, 0, 0x22, 0, 0, 0], "", "UTF-32 without a byte order mark"),
    ([0, 0, 0, 0x7B, 0, 0, 0, 0x22], "", "UTF-32 without a byte order mark"),
  ]

  @Test(arguments: heads)
  func aFormatIsToldByItsFirstBytes(bytes: [UInt8], letters: String, name: String) {
    #expect(
      message(bytes + Array(letters.utf8), file: "data").hasPrefix("data: \(name); need text"))
  }

  @Test(arguments: [
    "", "PAR1,PAR2\n", "ORCHESTRA\n", "BZh\n", "ARROW1", "question,answer\n", "{\"a\": 1}", "é",
    "\u{FEFF}a",
  ])
  func textIsLeftAlone(text: String) {
    #expect(message(Array(text.utf8), file: "t") == "no error")
  }

  @Test(
    arguments: [
      ("\n<html lang=\"en\">", "an HTML page"), ("<!DOCTYPE html>", "an HTML page"),
      ("IQ== 0\nIg== 1\n", "a tiktoken vocabulary"), ("GGUF\u{3}", "GGUF"),
      ("PK\u{3}\u{4}", "a zip archive (a PyTorch checkpoint, perhaps)"),
      ("{\"version\": \"1.0\"}", nil), ("", nil), ("no tokenizer", nil), ("IQ== 1\n", nil),
      ("I= 0\n", nil),
    ] as [(String, String?)])
  func whatStandsInThePlaceOfAModelIsTold(text: String, name: String?) {
    let expected = name.map { "m: \($0); need text" } ?? "no error"
    #expect(message(Array(text.utf8), file: "m", as: .model) == expected)
  }

  /// The lengths of these headers begin as gzip and pickle do.
  @Test(arguments: [[0x1F, 0x8B, 0x08, 0], [0x80, 0x02, 0, 0]] as [[UInt8]])
  func aHeaderOfSafetensorsIsNoOtherFormat(length: [UInt8]) {
    let bytes = length + [0, 0, 0, 0] + Array("{}".utf8)
    #expect(message(bytes, file: "m", as: .model) == "no error")
  }

  @Test func theCommandThatMakesTextIsTold() {
    #expect(
      message([0x50, 0x41, 0x52, 0x31, 0x15], file: "my data/it's.parquet")
        == "my data/it's.parquet: Parquet; need text: python3 -c 'import json, sys, "
        + "pyarrow.parquet; f = sys.argv[1]; [print(json.dumps(json.loads(json.dumps(r, default=str), "
        + "parse_constant=lambda c: None), ensure_ascii=False)) for r in pyarrow.parquet.read_table(f).to_pylist()]' 'my data/it'\\''s.parquet' > "
        + "'my data/it'\\''s.jsonl'")
    #expect(
      message([0x1F, 0x8B, 0x08], file: "d/train.jsonl.gz")
        == "d/train.jsonl.gz: gzip; need text: gzip -dc < d/train.jsonl.gz > d/train.jsonl")
    #expect(
      message([0x1F, 0x8B, 0x08], file: "d.x/train.jsonl")
        == "d.x/train.jsonl: gzip; need text: gzip -dc < d.x/train.jsonl > d.x/train.plain.jsonl")
    #expect(
      message([0xFF, 0xFE, 0, 0], file: "a.csv").hasSuffix(
        ": iconv -f UTF-32 -t UTF-8 a.csv > a.utf8.csv"))
    #expect(
      message([0x7B, 0, 0x22, 0], file: "a").hasSuffix(": iconv -f UTF-16LE -t UTF-8 a > a.utf8"))
    // Cells with the texts NA and None stay.
    #expect(
      message([0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], file: "a.xls").contains(
        "pandas.read_excel(sys.argv[1], dtype=str, keep_default_na=False)"))
    #expect(message([0x1F, 0x8B], file: "standard input") == "standard input: gzip; need text")
  }

  @Test func aCommandWritesNoFileThatIsThere() throws {
    let folder = try Scratch()
    try Files.writeAtomically([], to: folder["train.jsonl"])
    let first = message([0x1F, 0x8B], file: folder["train.jsonl.gz"])
    #expect(first.hasSuffix(" > \(folder["train.2.jsonl"])"))
    try Files.writeAtomically([], to: folder["train.2.jsonl"])
    let second = message([0x50, 0x41, 0x52, 0x31, 0], file: folder["train.parquet"])
    #expect(second.hasSuffix(" > \(folder["train.3.jsonl"])"))
  }

  @Test func textInAnotherEncodingIsToldWithItsLineAndACommand() throws {
    #expect(
      throws: FormatError(
        "is not UTF-8; if it is Latin-1, as programs for Windows write it: "
          + "iconv -f WINDOWS-1252 -t UTF-8 r.yaml > r.utf8.yaml", file: "r.yaml", line: 2)
    ) {
      try ForeignFormat.text(in: Array("a\nb".utf8) + [0xE9, 0x0A], file: "r.yaml")
    }
    #expect(try ForeignFormat.text(in: Array("\u{FEFF}é".utf8), file: "r.yaml") == "é")
  }
}

import Formats
import Testing

@Suite struct FileKindTests {
  @Test(
    arguments: [
      ("version https://git-lfs.github.com/spec/v1\noid", .gitLFSPointer),
      ("\n<html lang=\"en\">", .htmlPage), ("PK\u{3}\u{4}", .zipArchive), ("GGUF\u{3}", .gguf),
      ("IQ== 0\nIg== 1\n", .tiktokenVocabulary), ("{\"version\": \"1.0\"}", nil), ("", nil),
      ("no tokenizer", nil), ("IQ== 1\n", nil), ("I= 0\n", nil),
    ] as [(String, FileKind?)])
  func aKindIsToldByItsFirstBytes(text: String, kind: FileKind?) {
    #expect(FileKind(Array(text.utf8)) == kind)
  }

  @Test func kindsThatAreNoTextAreToldToo() {
    #expect(FileKind([0x1F, 0x8B, 0x08, 0x00]) == .gzip)
    #expect(FileKind([0x80, 0x02, 0x8A]) == .pickle)
  }

  @Test func anotherKindIsRefusedWithWhatMendsIt() {
    let error = #expect(throws: FormatError.self) {
      try FileKind.refuse(
        Array("version https://git-lfs.github.com/spec/v1".utf8), of: "tokenizer.model",
        need: "a SentencePiece model")
    }
    #expect(
      error?.description == "tokenizer.model: this is a Git LFS pointer, not a SentencePiece "
        + "model (git lfs pull fetches the file)")
    #expect(throws: Never.self) { try FileKind.refuse([1, 2], of: "x", need: "weights") }
  }
}

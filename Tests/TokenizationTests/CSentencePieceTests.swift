import CSentencePiece
import Foundation
import Testing
import Tokenization

/// The contract of the C functions, where the Swift above them would not let bad input through.
@Suite struct CSentencePieceTests {
  private final class Handle {
    let pointer: OpaquePointer

    init() throws {
      let model = Samples.model(.bpe, [.init("a"), .init("b"), .init("ab")]).serialized()
      var error = [CChar](repeating: 0, count: 100)
      pointer = try unsafe #require(
        unsafe csp_tokenizer_create(model, model.count, &error, error.count))
    }

    deinit { unsafe csp_tokenizer_free(pointer) }
  }

  private func text(_ error: [CChar]) -> String {
    String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func creationError(_ model: [UInt8], capacity: Int = 500) -> String? {
    var error = [CChar](repeating: 0x55, count: capacity)
    let handle = unsafe csp_tokenizer_create(model, model.count, &error, error.count)
    defer { unsafe csp_tokenizer_free(handle) }
    return unsafe handle == nil ? text(error) : nil
  }

  @Test func garbageIsAnErrorWithAText() {
    #expect(creationError([])?.isEmpty == false)
    #expect(creationError([1, 2, 3])?.isEmpty == false)
    #expect(creationError(Array("not a model at all".utf8))?.isEmpty == false)
    let empty = Samples.model(.unigram, [.init("")]).serialized()
    #expect(creationError(empty)?.contains("piece must not be empty") == true)
  }

  @Test func whatTheLibraryThrowsIsCaught() {
    // A NUL within a unigram piece makes the trie builder throw.
    let model = Samples.model(.unigram, [.init("a\0b"), .init("a\0c")]).serialized()
    #expect(creationError(model)?.isEmpty == false)
  }

  @Test func errorsFitTheirBuffer() {
    #expect(creationError([1, 2, 3], capacity: 1) == "")
    #expect(creationError([1, 2, 3], capacity: 5)?.count == 4)
    #expect(unsafe csp_tokenizer_create([1], 1, nil, 0) == nil)
  }

  @Test func freeingNothingIsAllowed() {
    unsafe csp_tokenizer_free(nil)
    unsafe csp_free_bytes(csp_bytes())
    unsafe csp_free_ids(csp_ids())
    unsafe csp_free_pieces(csp_pieces())
  }

  @Test(arguments: [-1, 6, Int32.min, Int32.max])
  func decodingChecksTheRange(id: Int32) throws {
    let handle = try Handle()
    var error = [CChar](repeating: 0, count: 100)
    var result = unsafe csp_bytes()
    let status = unsafe csp_decode(handle.pointer, [3, id], 2, &result, &error, error.count)
    #expect(status == CSP_OUT_OF_RANGE)
    #expect(text(error) == "id \(id) at position 1")
    #expect(unsafe result.values == nil)
  }

  @Test func nothingIsAnInput() throws {
    let handle = try Handle()
    var (bytes, ids, pieces) = unsafe (csp_bytes(), csp_ids(), csp_pieces())
    #expect(unsafe csp_encode(handle.pointer, nil, 0, &ids, nil, 0) == CSP_OK)
    #expect(unsafe csp_encode_as_pieces(handle.pointer, nil, 0, &pieces, nil, 0) == CSP_OK)
    #expect(unsafe csp_decode(handle.pointer, nil, 0, &bytes, nil, 0) == CSP_OK)
    #expect(unsafe ids.count == 0 && pieces.count == 0 && bytes.count == 0)
    #expect(unsafe csp_id_of_piece(handle.pointer, nil, 0) == 0)
    unsafe csp_free_ids(ids)
    unsafe csp_free_pieces(pieces)
    unsafe csp_free_bytes(bytes)
  }

  @Test func textBeyondTheLimitIsRefused() throws {
    let handle = try Handle()
    var error = [CChar](repeating: 0, count: 100)
    var (ids, pieces) = unsafe (csp_ids(), csp_pieces())
    let count = 1 << 28 + 1  // Refused before the text is read.
    #expect(unsafe csp_encode(handle.pointer, nil, count, &ids, &error, 100) == CSP_REFUSED)
    #expect(text(error) == "the text is longer than 2^28 bytes")
    #expect(
      unsafe csp_encode_as_pieces(handle.pointer, nil, count, &pieces, &error, 100) == CSP_REFUSED)
  }

  @Test(arguments: [
    ("", "the options do not end with NUL"),
    ("vocab_size", "the options do not end with NUL"),
    ("vocab_size\0", "option vocab_size has no value"),
    ("input\0a.txt\0", "input must not be given"),
    ("model_prefix\0m\0", "model_prefix must not be given"),
    ("no_such_option\01\0", "unknown field name"),
    ("vocab_size\0many\0", "cannot parse"),
    ("vocab_size\010\0model_type\0char\0", ""),
  ])
  func trainingOptionsAreChecked(options: String, message: String) {
    var error = [CChar](repeating: 0, count: 500)
    var model = unsafe csp_bytes()
    let bytes = options.utf8.map { CChar(bitPattern: $0) }
    let status = unsafe csp_train(
      bytes, bytes.count, Array("ab".utf8), [1, 2], 2, &model, &error, error.count)
    defer { unsafe csp_free_bytes(model) }
    #expect(status == (message.isEmpty ? CSP_OK : CSP_REFUSED))
    #expect(text(error).contains(message))
    #expect(unsafe (model.values == nil) == !message.isEmpty)
  }

  @Test func theLibrarySaysNothing() throws {
    // Everything that reaches descriptor 2 meanwhile; other tests may write there too.
    let path = NSTemporaryDirectory() + "stderr-\(ProcessInfo.processInfo.processIdentifier)"
    let file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0o600)
    let original = dup(2)
    dup2(file, 2)
    _ = creationError([1, 2, 3])
    _ = creationError(Samples.model(.unigram, [.init("")]).serialized())
    let trained = try? Samples.trained()
    let failed = try? SentencePieceTokenizer.train(
      sentences: ["abc \u{4E2D}"], options: .init(vocabularySize: 260))
    dup2(original, 2)
    close(original)
    close(file)
    let printed = try String(contentsOfFile: path, encoding: .utf8)
    try FileManager.default.removeItem(atPath: path)
    FileHandle.standardError.write(Data(printed.utf8))
    #expect(trained != nil && failed == nil)
    for sign in ["LOG(", ".cc(", "protobuf"] { #expect(!printed.contains(sign)) }
  }
}

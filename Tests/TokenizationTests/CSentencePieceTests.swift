import CSentencePiece
import Foundation
import Testing
import Tokenization

/// The contract of the C functions, where the Swift above them would not let bad input through.
@Suite struct CSentencePieceTests {
  /// Calls `body` with a tokenizer of 6 pieces: three special ones, "a", "b" and "ab".
  private func withTokenizer(_ body: (OpaquePointer?) -> Void) {
    let model = Samples.model(.bpe, [.init("a"), .init("b"), .init("ab")]).serialized()
    let tokenizer = unsafe csp_tokenizer_create(model, model.count, nil, 0)
    #expect(unsafe tokenizer != nil)
    unsafe body(tokenizer)
    unsafe csp_tokenizer_free(tokenizer)
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
    // The trie builder takes this piece for an empty one and throws.
    let model = Samples.model(.unigram, [.init("\0")]).serialized()
    #expect(creationError(model)?.contains("zero-length key") == true)
  }

  @Test func errorsFitTheirBuffer() {
    #expect(creationError([1, 2, 3], capacity: 1) == "")
    #expect(creationError([1, 2, 3], capacity: 5)?.count == 4)
    #expect(unsafe csp_tokenizer_create([1], 1, nil, 0) == nil)
  }

  @Test func freeingNothingIsAllowed() {
    csp_tokenizer_free(nil)
    unsafe csp_free_bytes(csp_bytes())
    unsafe csp_free_ids(csp_ids())
    unsafe csp_free_pieces(csp_pieces())
  }

  @Test(arguments: [-1, 6, Int32.min, Int32.max])
  func decodingChecksTheRange(id: Int32) {
    unsafe withTokenizer { tokenizer in
      var error = [CChar](repeating: 0, count: 100)
      var result = unsafe csp_bytes()
      let status = unsafe csp_decode(tokenizer, [3, id], 2, &result, &error, error.count)
      #expect(status == CSP_OUT_OF_RANGE)
      #expect(text(error) == "id \(id) at position 1")
      #expect(unsafe result.values == nil)
    }
  }

  @Test func nothingIsAnInput() {
    unsafe withTokenizer { tokenizer in
      var (bytes, ids, pieces) = unsafe (csp_bytes(), csp_ids(), csp_pieces())
      let statuses = unsafe [
        csp_encode(tokenizer, nil, 0, &ids, nil, 0),
        csp_encode_as_pieces(tokenizer, nil, 0, &pieces, nil, 0),
        csp_decode(tokenizer, nil, 0, &bytes, nil, 0),
      ]
      #expect(statuses.allSatisfy { $0 == CSP_OK })
      #expect(unsafe [ids.count, pieces.count, bytes.count] == [0, 0, 0])
      #expect(unsafe csp_id_of_piece(tokenizer, nil, 0) == 0)
      unsafe csp_free_ids(ids)
      unsafe csp_free_pieces(pieces)
      unsafe csp_free_bytes(bytes)
    }
  }

  @Test func textBeyondTheLimitIsRefused() {
    unsafe withTokenizer { tokenizer in
      var error = [CChar](repeating: 0, count: 100)
      var (ids, pieces) = unsafe (csp_ids(), csp_pieces())
      let count = 1 << 28 + 1  // Refused before the text is read.
      let statuses = unsafe [
        csp_encode(tokenizer, nil, count, &ids, &error, 100),
        csp_encode_as_pieces(tokenizer, nil, count, &pieces, nil, 0),
      ]
      #expect(statuses.allSatisfy { $0 == CSP_REFUSED })
      #expect(text(error) == "the text is longer than 2^28 bytes")
    }
  }

  /// With "|" for NUL.
  @Test(arguments: [
    ("", "the options do not end with NUL"),
    ("vocab_size", "the options do not end with NUL"),
    ("vocab_size|", "option vocab_size has no value"),
    ("input|a.txt|", "input must not be given"),
    ("model_prefix|m|", "model_prefix must not be given"),
    ("no_such_option|1|", "unknown field name"),
    ("vocab_size|many|", "cannot parse"),
    ("vocab_size|4|model_type|bpe|", "Vocabulary size is smaller"),
  ])
  func badTrainingOptionsAreRefused(options: String, message: String) {
    var error = [CChar](repeating: 0, count: 500)
    var model = unsafe csp_bytes()
    let bytes = options.utf8.map { $0 == UInt8(ascii: "|") ? 0 : CChar(bitPattern: $0) }
    let status = unsafe csp_train(
      bytes, bytes.count, Array("ab".utf8), [1, 2], 2, &model, &error, error.count)
    #expect(status == CSP_REFUSED)
    #expect(text(error).contains(message), "\(text(error))")
    #expect(unsafe model.values == nil)
  }

  @Test func theLibrarySaysNothing() throws {
    // Everything that reaches descriptor 2 meanwhile; other tests may write there too.
    let path = NSTemporaryDirectory() + "stderr-\(ProcessInfo.processInfo.processIdentifier)"
    let file = unsafe open(path, O_CREAT | O_TRUNC | O_RDWR, 0o600)
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
    let printed = String(
      decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    try FileManager.default.removeItem(atPath: path)
    FileHandle.standardError.write(Data(printed.utf8))
    #expect(trained != nil && failed == nil)
    // "trainer_interface.cc(411) LOG(INFO) …", "[libprotobuf ERROR …".
    let said = printed.split(separator: "\n").filter {
      $0.starts(with: /[a-z_]+\.(cc|h)\(/) || $0.hasPrefix("[libprotobuf")
    }
    #expect(said == [])
  }
}

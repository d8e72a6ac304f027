import CSentencePiece
import Formats

/// A model in the C++ library.
@safe final class SentencePieceProcessor {
  private let handle: OpaquePointer
  private let count: Int
  let beginningID: Int?
  let endID: Int?
  let paddingID: Int?
  let unknownID: Int

  /// - Parameter model: one that was validated.
  init(_ model: SentencePieceModel, file: String) throws(FormatError) {
    let serialized = model.serialized()
    let (handle, problem) = unsafe ErrorText.collect { text, capacity in
      unsafe serialized.withUnsafeBufferPointer {
        // SAFETY: the bytes live until the call returns, which copies them.
        unsafe csp_tokenizer_create($0.baseAddress, $0.count, text, capacity)
      }
    }
    guard let handle = unsafe handle else { throw FormatError(problem, file: file) }
    unsafe self.handle = handle
    count = model.pieces.count
    let special = unsafe csp_get_special_ids(handle)
    func id(_ value: Int32) -> Int? { value < 0 ? nil : Int(value) }
    (beginningID, endID, paddingID) = (id(special.begin), id(special.end), id(special.padding))
    unknownID = Int(special.unknown)
  }

  deinit { unsafe csp_tokenizer_free(handle) }

  /// The id that the library gives to the piece with this spelling: that of another one if there is
  /// none.
  func id(of bytes: [UInt8]) -> Int {
    unsafe bytes.withUnsafeBufferPointer {
      // SAFETY: the handle lives as long as `self`, the bytes until the call returns.
      unsafe Int(csp_id_of_piece(handle, $0.baseAddress, $0.count))
    }
  }

  func ids(of text: String) throws(TokenizerError) -> [Int] {
    var result = unsafe csp_ids()
    try unsafe call(with: text) { bytes, count, text, capacity in
      unsafe csp_encode(handle, bytes, count, &result, text, capacity)
    }
    defer { unsafe csp_free_ids(result) }
    // SAFETY: the library's shim gives `count` values, ours until they are freed.
    return unsafe UnsafeBufferPointer(start: result.values, count: result.count).map { Int($0) }
  }

  /// The pieces whose ids ``ids(of:)`` gives; of an unknown piece, the text it covers.
  func pieces(of text: String) throws(TokenizerError) -> [String] {
    var result = unsafe csp_pieces()
    try unsafe call(with: text) { bytes, count, text, capacity in
      unsafe csp_encode_as_pieces(handle, bytes, count, &result, text, capacity)
    }
    defer { unsafe csp_free_pieces(result) }
    // SAFETY: the shim gives `count` ends, the last of which is the number of bytes.
    let ends = unsafe Array(UnsafeBufferPointer(start: result.ends, count: result.count))
    let bytes = unsafe UnsafeBufferPointer(start: result.bytes, count: ends.last ?? 0)
    return zip([0] + ends, ends).map { unsafe String(decoding: bytes[$0..<$1], as: UTF8.self) }
  }

  /// - Precondition: each id is that of a piece.
  func decode(_ ids: some Sequence<Int>) throws(TokenizerError) -> String {
    let ids = ids.map { id in
      precondition(0 <= id && id < count)
      return Int32(id)
    }
    var result = unsafe csp_bytes()
    try unsafe ErrorText.check { text, capacity in
      unsafe ids.withUnsafeBufferPointer {
        // SAFETY: the handle lives as long as `self`, the ids until the call returns.
        unsafe csp_decode(handle, $0.baseAddress, $0.count, &result, text, capacity)
      }
    }
    defer { unsafe csp_free_bytes(result) }
    // SAFETY: the shim gives `count` bytes, ours until they are freed.
    return unsafe String(
      decoding: UnsafeBufferPointer(start: result.values, count: result.count), as: UTF8.self)
  }

  private func call(
    with text: String,
    _ body: (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<CChar>?, Int) -> csp_status
  ) throws(TokenizerError) {
    var text = text
    try unsafe ErrorText.check { error, capacity in
      text.withUTF8 {
        // SAFETY: the handle lives as long as `self`, the text until the call returns.
        unsafe body($0.baseAddress, $0.count, error, capacity)
      }
    }
  }
}

// SAFETY: after `init` nothing changes. The handle is used for `const` functions of the library's
// processor only, which keep no state between calls, and is freed when no one can call any more.
extension SentencePieceProcessor: @unchecked Sendable {}

import CSentencePiece
public import Formats

/// A SentencePiece model: byte-pair encoding or a unigram language model.
///
/// Kudo & Richardson 2018, "SentencePiece: A simple and language independent subword tokenizer and
/// detokenizer" (<https://arxiv.org/abs/1808.06226>), through the C++ library.
///
/// A model file is read and checked here before the library sees anything of it, and the library is
/// given a message written from what was understood: the rules of `precompiled_charsmap` included,
/// whose trie the library would follow unchecked. Models of type `word` and `char`, rules for
/// decoding (`denormalizer_spec`) and control symbols of one character are refused; self-test
/// samples are not run.
@safe public final class SentencePieceTokenizer: Tokenizer {
  private let handle: OpaquePointer
  private let specialIDs: csp_special_ids
  package let model: SentencePieceModel

  /// The file's bytes as they were read.
  public let modelBytes: [UInt8]
  /// What stood beside the file.
  public let settings: TokenizerSettings

  /// Reads the model in a file of at most 64 MiB, and the ``TokenizerSettings`` beside it.
  ///
  /// - Throws: a `FormatError` that names the file and the field.
  public convenience init(path: String) throws(FormatError) {
    let bytes: [UInt8]
    do throws(FormatError) {
      bytes = try Files.read(path, maximumBytes: SentencePieceModel.maximumBytes)
    } catch {
      throw Self.otherTokenizer(beside: path, missing: error) ?? error
    }
    try self.init(
      bytes: bytes, name: path,
      settings: TokenizerSettings(directory: Files.parent(of: path)))
  }

  /// What stands in the place of a model file that is not there: another program's tokenizer.
  private static func otherTokenizer(
    beside path: String, missing error: FormatError
  ) -> FormatError? {
    guard error.isMissing else { return nil }
    let directory = Files.parent(of: path)
    let names = ["spiece.model", "sentencepiece.bpe.model", "tokenizer.json", "vocab.json"]
    guard let found = names.first(where: { Files.exists("\(directory)/\($0)") }) else { return nil }
    let need =
      found.hasSuffix(".model")
      ? "it under the name tokenizer.model"
      : "the SentencePiece model it was made from; none is read out of \(found)"
    return FormatError(
      file: directory, message: "holds \(found), and no tokenizer.model (need \(need))")
  }

  /// Reads a model; errors call it `name`.
  ///
  /// - Throws: a `FormatError` that names the field.
  public init(
    bytes: [UInt8], name: String, settings: TokenizerSettings = TokenizerSettings()
  ) throws(FormatError) {
    try ForeignFormat.refuse(bytes, file: name, need: "a SentencePiece model", as: .model)
    if bytes.first == UInt8(ascii: "{") {
      throw FormatError(
        file: name, message: "this is JSON (a tokenizer.json, perhaps), not a SentencePiece model")
    }
    let model = try SentencePieceModel(parsing: bytes, file: name)
    try model.validate(file: name)
    let serialized = model.serialized()
    let (handle, problem) = unsafe ErrorText.collect { text, capacity in
      unsafe serialized.withUnsafeBufferPointer {
        // SAFETY: the bytes live until the call returns, which copies them.
        unsafe csp_tokenizer_create($0.baseAddress, $0.count, text, capacity)
      }
    }
    guard let handle = unsafe handle else { throw FormatError(file: name, message: problem) }
    self.modelBytes = bytes
    self.model = model
    self.settings = settings
    unsafe self.handle = handle
    self.specialIDs = unsafe csp_get_special_ids(handle)
  }

  deinit { unsafe csp_tokenizer_free(handle) }

  public var vocabularySize: Int { model.pieces.count }
  /// The id that stands before every prompt: none where `add_bos_token` is false.
  public var bosID: Int? { settings.addsBeginning ? beginningID : nil }
  public var eosID: Int? { endIDs.first }

  /// The id that begins a sequence: the one that the settings name, else the model's own.
  package var beginningID: Int? {
    settings.beginning.flatMap(id(ofToken:)) ?? Self.id(specialIDs.begin)
  }

  /// The ids that end a completion: the one that the settings name, then the model's own.
  public var endIDs: [Int] {
    var ids = settings.end.flatMap(id(ofToken:)).map { [$0] } ?? []
    if let own = Self.id(specialIDs.end), !ids.contains(own) { ids.append(own) }
    return ids
  }

  private func id(ofToken text: String) -> Int? {
    id(of: text) ?? settings.addedTokens.last { $0.text.hasSameBytes(as: text) }?.id
  }

  public var paddingID: Int? { Self.id(specialIDs.padding) }

  /// The id that fills up the shorter texts of a batch.
  ///
  /// Where no piece is there for it, the unknown one, as is usual for Llama: never the one that ends a
  /// sequence, since training on padded batches would take that for padding, too.
  public var paddingOrUnknownID: Int { paddingID ?? unknownID }

  /// The id of what has no piece; with byte fallback no text encodes to it.
  public var unknownID: Int { Int(specialIDs.unknown) }

  /// The text of a piece, with "▁" for a space.
  public func piece(of id: Int) throws(TokenizerError) -> String { try entry(id).text }

  /// A unigram's log-probability, or minus a merge's rank.
  public func score(of id: Int) throws(TokenizerError) -> Float { try entry(id).score }

  public func kind(of id: Int) throws(TokenizerError) -> PieceKind { try entry(id).kind }

  /// The id of the piece with exactly this spelling, byte by byte.
  public func id(of piece: String) -> Int? {
    let bytes = Array(piece.utf8)
    let id = unsafe bytes.withUnsafeBufferPointer {
      // SAFETY: the handle lives as long as `self`, the bytes until the call returns.
      unsafe Int(csp_id_of_piece(handle, $0.baseAddress, $0.count))
    }
    return model.pieces[id].text.utf8.elementsEqual(bytes) ? id : nil
  }

  /// The ids of a text, which may hold any character, NUL included.
  ///
  /// - Precondition: the text has at most 2²⁸ bytes (readers of files bound theirs far below).
  public func encode(_ text: String) -> [Int] {
    do {
      return try ids(of: text)
    } catch {
      // The model was checked: what remains is a text too long and memory that ran out.
      preconditionFailure(error.description)
    }
  }

  /// As ``encode(_:)``, with an error instead of a precondition.
  public func ids(of text: String) throws(TokenizerError) -> [Int] {
    var result = unsafe csp_ids()
    try unsafe call(with: text) { bytes, count, text, capacity in
      unsafe csp_encode(handle, bytes, count, &result, text, capacity)
    }
    defer { unsafe csp_free_ids(result) }
    // SAFETY: the library's shim gives `count` values, ours until they are freed.
    return unsafe UnsafeBufferPointer(start: result.values, count: result.count).map { Int($0) }
  }

  /// The pieces that ``encode(_:)`` gives the ids of; of an unknown piece, the text it covers.
  public func pieces(of text: String) throws(TokenizerError) -> [String] {
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

  public func decode(_ ids: [Int]) throws(TokenizerError) -> String {
    var checked: [Int32] = []
    checked.reserveCapacity(ids.count)
    for (position, id) in ids.enumerated() {
      guard 0 <= id, id < vocabularySize else {
        throw .idOutOfRange(id: id, position: position, vocabularySize: vocabularySize)
      }
      checked.append(Int32(id))
    }
    var result = unsafe csp_bytes()
    try unsafe ErrorText.check { text, capacity in
      unsafe checked.withUnsafeBufferPointer {
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

  private func entry(_ id: Int) throws(TokenizerError) -> SentencePieceModel.Piece {
    guard model.pieces.indices.contains(id) else {
      throw .idOutOfRange(id: id, position: 0, vocabularySize: vocabularySize)
    }
    return model.pieces[id]
  }

  private static func id(_ value: Int32) -> Int? { value < 0 ? nil : Int(value) }
}

// SAFETY: after `init` nothing changes. The handle is used for `const` functions of the library's
// processor only, which keep no state between calls, and is freed when no one can call any more.
extension SentencePieceTokenizer: @unchecked Sendable {}

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
///
/// What a Hugging Face directory says beside it is obeyed as transformers obeys it: its added tokens
/// are cut out of a text before the library encodes what lies between, and its ``DummyPrefix`` goes
/// before the model's.
public final class SentencePieceTokenizer: Tokenizer {
  /// The model as it is.
  private let own: SentencePieceProcessor
  /// The model with a dummy prefix before every text, and without; as it is where that is enough.
  private let prefixed: SentencePieceProcessor
  private let plain: SentencePieceProcessor
  private let specialIDs: Set<Int>
  /// The added tokens that are no pieces.
  private let beyondPieces: [Int: AddedToken]
  package let model: SentencePieceModel
  package let added: AddedTokens
  package let prefix: DummyPrefix

  /// The file's bytes as they were read.
  public let modelBytes: [UInt8]
  /// The tokenizer's settings in the files beside the model file.
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
      ? "it to be named tokenizer.model"
      : "the SentencePiece model it was made from; \(found) is not supported"
    return FormatError("has \(found) but no tokenizer.model (need \(need))", file: directory)
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
        "this is JSON (a tokenizer.json, perhaps), not a SentencePiece model", file: name)
    }
    let model = try SentencePieceModel(parsing: bytes, file: name)
    try model.validate(file: name)
    let own = try SentencePieceProcessor(model, file: name)
    self.own = own
    func id(of piece: String) -> Int? { Self.id(of: piece, own, model) }
    let ownPrefix = model.normalizer.addsDummyPrefix ? DummyPrefix.everyPart : .none
    // Only the library handles models without a "▁" or with one at the end.
    let isUsual = model.normalizer.escapesWhitespace && !model.trainer.treatsWhitespaceAsSuffix
    prefix = isUsual ? settings.prefix ?? ownPrefix : ownPrefix
    added = try AddedTokens(
      settings, prefix: prefix, pieces: model.pieces, file: name, idOfPiece: id(of:))
    (modelBytes, self.model, self.settings) = (bytes, model, settings)
    specialIDs = Set(added.all.filter(\.isSpecial).map(\.id))
    beyondPieces = Dictionary(
      uniqueKeysWithValues: added.all.filter { !model.pieces.indices.contains($0.id) }
        .map { ($0.id, $0) })
    let needsBoth = prefix != ownPrefix || !added.isSilent || !beyondPieces.isEmpty
    func processor(prefixes: Bool) throws(FormatError) -> SentencePieceProcessor {
      if model.normalizer.addsDummyPrefix == prefixes || !needsBoth { return own }
      var other = model
      other.normalizer.addsDummyPrefix = prefixes
      return try SentencePieceProcessor(other, file: name)
    }
    prefixed = try processor(prefixes: true)
    plain = try processor(prefixes: false)
  }

  /// The number of pieces, and of added tokens beyond them; ids between them, if any, have no text.
  public var vocabularySize: Int { max(model.pieces.count, (added.all.last?.id ?? -1) + 1) }

  /// The first added token that is neither a piece nor below a number of ids.
  package func addedToken(beyond ids: Int) -> AddedToken? {
    added.all.first { $0.id >= max(ids, model.pieces.count) }
  }

  /// The id that stands before every prompt: none where `add_bos_token` is false.
  public var bosID: Int? { settings.addsBeginning ? beginningID : nil }
  /// The first of ``endIDs``; nil where the vocabulary has no end of sequence.
  public var eosID: Int? { endIDs.first }

  /// The id that begins a sequence: the one that the settings name, else the model's own.
  var beginningID: Int? {
    settings.beginning.flatMap(id(ofToken:)) ?? own.beginningID
  }

  /// The ids that end a completion: the one that the settings name, then the model's own.
  public var endIDs: [Int] {
    var ids = namedEndID.map { [$0] } ?? []
    if let id = own.endID, !ids.contains(id) { ids.append(id) }
    return ids
  }

  /// The id of the token that the settings name as the end of a sequence.
  var namedEndID: Int? { settings.end.flatMap(id(ofToken:)) }

  private func id(ofToken text: String) -> Int? {
    added.all.first { $0.text.hasSameBytes(as: text) }?.id ?? id(of: text)
  }

  /// The id that fills up the shorter texts of a batch: the one that the settings name, else the
  /// model's own.
  public var paddingID: Int? { settings.padding.flatMap(id(ofToken:)) ?? own.paddingID }

  /// ``paddingID``, or ``unknownID`` where there is none, as is usual for Llama.
  ///
  /// Never the id that ends a sequence: training on padded batches would take it for padding.
  public var paddingOrUnknownID: Int { paddingID ?? unknownID }

  /// The id for text that has no piece; with byte fallback no text encodes to it.
  public var unknownID: Int { own.unknownID }

  /// The text of a piece, with "▁" for a space.
  ///
  /// - Throws: `TokenizerError.idOutOfRange` for an id that is neither a piece nor an added token.
  public func piece(of id: Int) throws(TokenizerError) -> String { try entry(id).text }

  /// The log-probability of a unigram piece, or minus the rank of a merge.
  ///
  /// - Throws: `TokenizerError.idOutOfRange` for an id that is neither a piece nor an added token.
  public func score(of id: Int) throws(TokenizerError) -> Float { try entry(id).score }

  /// The text of a piece or an added token; nil for other ids.
  package func text(of id: Int) -> String? {
    beyondPieces[id]?.text ?? (model.pieces.indices.contains(id) ? model.pieces[id].text : nil)
  }

  /// What a piece is for.
  ///
  /// - Throws: `TokenizerError.idOutOfRange` for an id that is neither a piece nor an added token.
  public func kind(of id: Int) throws(TokenizerError) -> PieceKind { try entry(id).kind }

  /// The id of the piece with exactly this spelling, byte by byte.
  public func id(of piece: String) -> Int? { Self.id(of: piece, own, model) }

  private static func id(
    of piece: String, _ processor: SentencePieceProcessor, _ model: SentencePieceModel
  ) -> Int? {
    let bytes = Array(piece.utf8)
    let id = processor.id(of: bytes)
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

  /// The ids of a text, as ``encode(_:)`` gives them.
  ///
  /// - Throws: `TokenizerError.library` where the text is too long or memory runs out.
  public func ids(of text: String) throws(TokenizerError) -> [Int] {
    try map(text, \.id, SentencePieceProcessor.ids)
  }

  /// The pieces whose ids ``encode(_:)`` gives; for an unknown piece, the text that it covers.
  ///
  /// - Throws: as ``ids(of:)``.
  public func pieces(of text: String) throws(TokenizerError) -> [String] {
    try map(text, \.text, SentencePieceProcessor.pieces)
  }

  /// What `token` makes of the added tokens in a text, and `plain` of what lies between.
  private func map<Element>(
    _ text: String, _ token: (AddedToken) -> Element,
    _ plain: (SentencePieceProcessor) -> (String) throws(TokenizerError) -> [Element]
  ) throws(TokenizerError) -> [Element] {
    var elements: [Element] = []
    for part in added.parts(of: text) {
      switch part {
      case .token(let found): elements.append(token(found))
      case .text(let text, let isPrefixed):
        elements += try plain(isPrefixed ? prefixed : self.plain)(text)
      }
    }
    return elements
  }

  /// The text of ids; special added tokens have no text, as control pieces have none.
  ///
  /// - Throws: `TokenizerError.idOutOfRange` for an id that is not in `0..<vocabularySize`.
  public func decode(_ ids: [Int]) throws(TokenizerError) -> String {
    var text = ""
    var run: [Int] = []
    var isFirst = true
    func close() throws(TokenizerError) {
      guard !run.isEmpty else { return }
      text += try (isFirst && prefix != .none ? prefixed : plain).decode(run)
      (run, isFirst) = ([], false)
    }
    for (position, id) in ids.enumerated() {
      guard 0 <= id, id < vocabularySize else {
        throw .idOutOfRange(id: id, position: position, vocabularySize: vocabularySize)
      }
      if model.pieces.indices.contains(id) {
        if id == unknownID || !specialIDs.contains(id) { run.append(id) }
      } else if let token = beyondPieces[id], !token.isSpecial {
        try close()
        let decoded = added.decoded(token)
        let stripped = isFirst && prefix != .none && decoded.utf8.first == 0x20
        text += stripped ? String(decoded.unicodeScalars.dropFirst()) : decoded
        isFirst = false
      }
    }
    try close()
    return text
  }

  private func entry(_ id: Int) throws(TokenizerError) -> SentencePieceModel.Piece {
    if let token = beyondPieces[id] {
      return .init(token.text, kind: token.isSpecial ? .control : .userDefined)
    }
    guard model.pieces.indices.contains(id) else {
      throw .idOutOfRange(id: id, position: 0, vocabularySize: vocabularySize)
    }
    return model.pieces[id]
  }
}

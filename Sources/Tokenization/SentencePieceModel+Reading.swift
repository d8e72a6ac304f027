package import Formats

extension SentencePieceModel {
  /// The largest model file that is read.
  package static let maximumBytes = 64 << 20
  static let maximumPieces = 1_000_000
  /// Enough for any piece of text; the library's own recursion grows with a piece's length.
  static let maximumPieceBytes = 4096

  /// Reads a serialized ModelProto; `validate(file:)` still has to follow.
  ///
  /// Stricter than protobuf: the trainer's and the normalizer's specification must be there, once,
  /// so that a file cut short is never taken for a smaller model.
  package init(parsing bytes: [UInt8], file: String) throws(FormatError) {
    guard bytes.count <= Self.maximumBytes else {
      throw FormatError(
        "too large (got \(bytes.count) bytes; need at most \(Self.maximumBytes))", file: file)
    }
    var pieces: [Piece] = []
    var trainer: Trainer?
    var normalizer: Normalizer?
    var reader = ProtobufReader(bytes, file: file)
    while let field = try reader.next() {
      switch field.number {
      case 1:
        guard pieces.count < Self.maximumPieces else {
          throw FormatError(
            "too many (need at most \(Self.maximumPieces))", file: file, field: "pieces")
        }
        pieces.append(try Piece(field, file: file, id: pieces.count))
      case 2:
        guard trainer == nil else { throw reader.error("second trainer_spec", at: field.offset) }
        trainer = try Trainer(field, file: file)
      case 3:
        guard normalizer == nil else {
          throw reader.error("second normalizer_spec", at: field.offset)
        }
        normalizer = try Normalizer(field, file: file, name: "normalizer_spec")
      case 5:
        guard try Normalizer(field, file: file, name: "denormalizer_spec").charsmap.isEmpty else {
          throw FormatError(
            "rules for decoding are not supported", file: file, field: "denormalizer_spec")
        }
      default: break
      }
    }
    func section<Section>(
      _ found: Section?, _ name: String
    ) throws(FormatError) -> Section {
      if let found { return found }
      throw FormatError("missing; is the file cut short?", file: file, field: name)
    }
    self.init(
      pieces: pieces, trainer: try section(trainer, "trainer_spec"),
      normalizer: try section(normalizer, "normalizer_spec"))
  }
}

extension SentencePieceModel.Piece {
  fileprivate init(_ field: ProtobufReader.Field, file: String, id: Int) throws(FormatError) {
    let name = "pieces[\(id)]"
    self.init("")
    var message = try NestedMessage(field, file: file, name: name)
    while let field = try message.reader.next() {
      switch field.number {
      case 1: text = try message.text(field, "piece", upTo: SentencePieceModel.maximumPieceBytes)
      case 2:
        guard let score = field.value.float, score.isFinite else {
          throw message.error("score", "not a finite number")
        }
        self.score = score
      case 3:
        guard let value = field.value.varint, let number = Int(exactly: value),
          let kind = PieceKind(rawValue: number)
        else { throw message.error("type", "unknown") }
        self.kind = kind
      default: break
      }
    }
  }
}

extension SentencePieceModel.Trainer {
  fileprivate init(_ field: ProtobufReader.Field, file: String) throws(FormatError) {
    self.init()
    var message = try NestedMessage(field, file: file, name: "trainer_spec")
    let limit = SentencePieceModel.maximumPieceBytes
    while let field = try message.reader.next() {
      switch field.number {
      case 3:
        guard let value = field.value.varint, let number = Int(exactly: value),
          let algorithm = SentencePieceModel.Algorithm(rawValue: number)
        else { throw message.error("model_type", "not supported (need 1, unigram, or 2, bpe)") }
        self.algorithm = algorithm
      case 24: treatsWhitespaceAsSuffix = try message.flag(field, "treat_whitespace_as_suffix")
      case 35: byteFallback = try message.flag(field, "byte_fallback")
      case 44: unknownSurface = try message.text(field, "unk_surface", upTo: limit)
      case 45: unknownPiece = try message.text(field, "unk_piece", upTo: limit)
      case 46: bosPiece = try message.text(field, "bos_piece", upTo: limit)
      case 47: eosPiece = try message.text(field, "eos_piece", upTo: limit)
      case 48: paddingPiece = try message.text(field, "pad_piece", upTo: limit)
      default: break
      }
    }
  }
}

extension SentencePieceModel.Normalizer {
  fileprivate init(
    _ field: ProtobufReader.Field, file: String, name: String
  ) throws(FormatError) {
    self.init()
    var message = try NestedMessage(field, file: file, name: name)
    while let field = try message.reader.next() {
      switch field.number {
      case 1:
        self.name = try message.text(field, "name", upTo: SentencePieceModel.maximumPieceBytes)
      case 2:
        guard let bytes = field.value.bytes else {
          throw message.error("precompiled_charsmap", "not a string of bytes")
        }
        charsmap = Array(bytes)
      case 3: addsDummyPrefix = try message.flag(field, "add_dummy_prefix")
      case 4: removesExtraWhitespace = try message.flag(field, "remove_extra_whitespaces")
      case 5: escapesWhitespace = try message.flag(field, "escape_whitespaces")
      default: break
      }
    }
  }
}

/// A message within the file, and how its fields are named in errors.
private struct NestedMessage {
  var reader: ProtobufReader
  let file: String
  let name: String

  init(_ field: ProtobufReader.Field, file: String, name: String) throws(FormatError) {
    guard let bytes = field.value.bytes else {
      throw FormatError("not a message", file: file, field: name)
    }
    (reader, self.file, self.name) = (ProtobufReader(bytes, file: file), file, name)
  }

  func error(_ field: String, _ problem: String) -> FormatError {
    FormatError(problem, file: file, field: "\(name).\(field)")
  }

  func flag(_ field: ProtobufReader.Field, _ name: String) throws(FormatError) -> Bool {
    guard let value = field.value.varint else { throw error(name, "not a flag") }
    return value != 0
  }

  func text(
    _ field: ProtobufReader.Field, _ name: String, upTo limit: Int
  ) throws(FormatError) -> String {
    guard let bytes = field.value.bytes else { throw error(name, "not a string") }
    guard bytes.count <= limit else {
      throw error(name, "too long (got \(bytes.count) bytes; need at most \(limit))")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error(name, "not UTF-8")
    }
    guard !bytes.contains(0) else { throw error(name, "holds a NUL character") }
    return text
  }
}

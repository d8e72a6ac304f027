extension SentencePieceModel {
  /// The model as a serialized ModelProto, every field written out.
  ///
  /// The library is given this and never the bytes of a file, so its protobuf parser meets nothing
  /// that our own reader has not understood.
  package func serialized() -> [UInt8] {
    var message = MessageBytes()
    for piece in pieces {
      var nested = MessageBytes()
      nested.append(1, piece.text)
      nested.append(2, piece.score)
      nested.append(3, piece.kind.rawValue)
      message.append(1, nested)
    }
    var nested = MessageBytes()
    nested.append(3, trainer.algorithm.rawValue)
    nested.append(4, pieces.count)
    nested.append(24, trainer.treatsWhitespaceAsSuffix)
    nested.append(35, trainer.byteFallback)
    nested.append(44, trainer.unknownSurface)
    nested.append(45, trainer.unknownPiece)
    nested.append(46, trainer.bosPiece)
    nested.append(47, trainer.eosPiece)
    nested.append(48, trainer.paddingPiece)
    message.append(2, nested)
    nested = MessageBytes()
    nested.append(1, normalizer.name)
    if !normalizer.charsmap.isEmpty { nested.append(2, normalizer.charsmap) }
    nested.append(3, normalizer.addsDummyPrefix)
    nested.append(4, normalizer.removesExtraWhitespace)
    nested.append(5, normalizer.escapesWhitespace)
    message.append(3, nested)
    return message.bytes
  }
}

/// A protobuf message in its wire format.
private struct MessageBytes {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ field: Int, _ value: Int) {
    append(varint: UInt64(field) << 3)
    append(varint: UInt64(value))
  }

  mutating func append(_ field: Int, _ value: Bool) { append(field, value ? 1 : 0) }

  mutating func append(_ field: Int, _ value: Float) {
    append(varint: UInt64(field) << 3 | 5)
    for shift in stride(from: 0 as UInt32, to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
    }
  }

  mutating func append(_ field: Int, _ value: [UInt8]) {
    append(varint: UInt64(field) << 3 | 2)
    append(varint: UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func append(_ field: Int, _ value: String) { append(field, Array(value.utf8)) }

  mutating func append(_ field: Int, _ value: MessageBytes) { append(field, value.bytes) }

  private mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

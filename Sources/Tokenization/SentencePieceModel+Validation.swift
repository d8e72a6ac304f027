package import Formats

extension SentencePieceModel {
  /// Checks everything that the library takes for granted.
  ///
  /// The library ends the process, reads beyond its buffers or overflows the stack on some models
  /// that its own loading accepts. Each rule here either keeps it from that or refuses what it
  /// would refuse too, in words that name the piece.
  package func validate(file: String) throws(FormatError) {
    func fault(_ problem: String) -> FormatError {
      FormatError(problem, file: file, field: "pieces")
    }
    let bytesSeen = try validatePieces(file: file)
    guard pieces.contains(where: { $0.kind == .unknown }) else {
      throw fault("there is no unknown piece")
    }
    if trainer.byteFallback, let missing = bytesSeen.firstIndex(of: false) {
      throw fault(
        "\(Self.bytePiece(UInt8(missing))) is missing, but trainer_spec.byte_fallback is on")
    }
    let userDefined = pieces.lazy.filter { $0.kind == .userDefined }.map(\.text)
    guard Self.longestPrefixChain(of: Array(userDefined)) <= Self.maximumPrefixChain else {
      throw fault(
        "more than \(Self.maximumPrefixChain) user-defined pieces are prefixes of each other")
    }
    if !normalizer.charsmap.isEmpty {
      try PrecompiledCharsmap.validate(
        normalizer.charsmap, file: file, field: "normalizer_spec.precompiled_charsmap")
    }
  }

  /// Checks the pieces one by one, and answers which of the 256 bytes have one.
  private func validatePieces(file: String) throws(FormatError) -> [Bool] {
    var firstIDs: [ByteKey: Int] = [:]
    firstIDs.reserveCapacity(pieces.count)
    var unknownID: Int?
    var bytesSeen = [Bool](repeating: false, count: 256)
    for (id, piece) in pieces.enumerated() {
      func fault(_ problem: String) -> FormatError {
        FormatError(problem, file: file, field: "pieces[\(id)]")
      }
      guard !piece.text.isEmpty else { throw fault("the piece is empty") }
      if let first = firstIDs.updateValue(id, forKey: ByteKey(piece.text)) {
        throw fault("\(piece.text.quotedForMessage()) is already piece \(first)")
      }
      switch piece.kind {
      case .normal, .userDefined, .unused: break
      case .unknown:
        if let unknownID { throw fault("a second unknown piece, after \(unknownID)") }
        unknownID = id
      case .control:
        // A single character is looked up among all pieces: text would turn into this one.
        guard piece.text.unicodeScalars.count > 1 else {
          throw fault("a control symbol of one character would match ordinary text")
        }
      case .byte:
        guard trainer.byteFallback else {
          throw fault("is a byte, but trainer_spec.byte_fallback is off")
        }
        guard let byte = Self.byteValue(of: piece.text) else {
          throw fault(
            "is not a byte (got \(piece.text.quotedForMessage()); need \"<0x00>\" to \"<0xFF>\")")
        }
        bytesSeen[Int(byte)] = true
      }
    }
    return bytesSeen
  }

  /// The library matches user-defined pieces into an array of 64 and does not look whether more
  /// matched.
  static let maximumPrefixChain = 64

  /// How many of the texts, at most, are all beginnings of one of them (which counts too).
  static func longestPrefixChain(of texts: [String]) -> Int {
    // In byte order, a text comes after its beginnings, and what stands between begins with them
    // as well. So the beginnings of a text are on the stack when its turn comes.
    var stack: [[UInt8]] = []
    var longest = 0
    for text in texts.map({ Array($0.utf8) }).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      while let last = stack.last, !text.starts(with: last) { stack.removeLast() }
      stack.append(text)
      longest = max(longest, stack.count)
    }
    return longest
  }

  /// `<0x41>` for 65.
  static func bytePiece(_ byte: UInt8) -> String {
    "<0x" + byte.digits(2, radix: 16, uppercase: true) + ">"
  }

  static func byteValue(of piece: String) -> UInt8? {
    guard piece.utf8.count == 6, piece.utf8.starts(with: "<0x".utf8),
      let byte = UInt8(piece.dropFirst(3).dropLast(), radix: 16),
      bytePiece(byte).hasSameBytes(as: piece)
    else { return nil }
    return byte
  }
}

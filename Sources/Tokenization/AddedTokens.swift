package import Formats

/// The added tokens of a vocabulary, and where they are in a text.
package struct AddedTokens: Sendable {
  /// A part of a text.
  package enum Part: Equatable, Sendable {
    case token(AddedToken)
    /// What becomes pieces, with or without a "▁" before it.
    case text(String, isPrefixed: Bool)
  }

  /// In the order of their ids, each text and each id once.
  package let all: [AddedToken]
  private let prefix: DummyPrefix
  private let plain: Matcher
  private let normalized: Matcher

  /// What a directory says of a model with these pieces.
  ///
  /// transformers adds the tokens that it knows by a role (`bos_token` and its like,
  /// `additional_special_tokens`) to those that are listed: under the id of their piece, else under
  /// the next that is free. Without a `tokenizer.json`, control and user-defined pieces are added
  /// tokens, too.
  ///
  /// - Throws: a `FormatError` where files contradict each other.
  package init(
    _ settings: TokenizerSettings, prefix: DummyPrefix, pieces: [SentencePieceModel.Piece],
    file: String, idOfPiece: (String) -> Int?
  ) throws(FormatError) {
    var tokens = settings.addedTokens
    var indices: [ByteKey: Int] = [:]
    for (index, token) in tokens.enumerated() {
      let name = "added token \(token.text.quotedForMessage())"
      let piece = idOfPiece(token.text)
      if let piece, piece != token.id {
        throw FormatError(
          "\(name) has the id \(token.id), and is piece \(piece) of \(file)",
          file: settings.source ?? file)
      }
      if piece == nil, pieces.indices.contains(token.id) {
        throw FormatError(
          "\(name) has the id \(token.id), which is piece "
            + "\(pieces[token.id].text.quotedForMessage()) of \(file)",
          file: settings.source ?? file)
      }
      indices[ByteKey(token.text)] = index
    }
    func add(_ text: String, id: Int? = nil, isSpecial: Bool = true) {
      let next = max(pieces.count, (tokens.map(\.id).max() ?? -1) + 1)
      indices[ByteKey(text)] = tokens.count
      tokens.append(AddedToken(id: id ?? idOfPiece(text) ?? next, text: text, isSpecial: isSpecial))
    }
    if settings.source != nil, !settings.hasVocabulary {
      for (id, piece) in pieces.enumerated() where indices[ByteKey(piece.text)] == nil {
        if piece.kind != .control && piece.kind != .userDefined { continue }
        add(piece.text, id: id, isSpecial: piece.kind == .control)
      }
    }
    let defaults = settings.defaultTokens.filter { idOfPiece($0) != nil }
    for text in settings.namedTokens + defaults {
      if let index = indices[ByteKey(text)] {
        tokens[index].isSpecial = true
      } else {
        add(text)
      }
    }
    for text in settings.furtherTokens where indices[ByteKey(text)] == nil { add(text) }
    self.init(tokens, prefix: prefix, splitsSpecial: settings.splitsSpecialTokens)
  }

  /// - Parameter splitsSpecial: whether special tokens are not looked for.
  package init(_ tokens: [AddedToken], prefix: DummyPrefix, splitsSpecial: Bool = false) {
    all = tokens.sorted { $0.id < $1.id }
    self.prefix = prefix
    let sought = all.filter { !($0.isSpecial && splitsSpecial) && !$0.text.isEmpty }
    plain = Matcher(sought.filter { !$0.isNormalized }.map { ($0.text, $0) })
    normalized = Matcher(
      sought.filter(\.isNormalized).map { (Self.normalized($0.text, prefix), $0) })
  }

  /// Whether none is looked for.
  var isSilent: Bool { plain.isEmpty && normalized.isEmpty }

  /// The tokens in a text and what lies between: of those that begin first, the longest.
  ///
  /// Those that are not normalized come first, in the whole text, then the others between them.
  package func parts(of text: String) -> [Part] {
    plain.parts(of: text).flatMap { part -> [Part] in
      switch part {
      case .token(let token): return [.token(token)]
      case .text(let between, let isFirst):
        if normalized.isEmpty { return [self.part(between, isFirst: isFirst)] }
        return normalized.parts(of: Self.normalized(between, prefix)).map {
          switch $0 {
          case .token(let token): .token(token)
          case .text(let rest, _) where prefix == .everyPart: .text(rest, isPrefixed: false)
          case .text(let rest, let isAtStart): self.part(rest, isFirst: isFirst && isAtStart)
          }
        }
      }
    }
  }

  /// A normalizer puts the prefix before tokens that are normalized, too: they are found where a part
  /// begins, and nowhere else.
  private static func normalized(_ text: String, _ prefix: DummyPrefix) -> String {
    prefix == .everyPart ? "\u{2581}" + text.replacing(bytes: " ", with: "\u{2581}") : text
  }

  /// What a token that is not special decodes to: it has its prefix back.
  package func decoded(_ token: AddedToken) -> String {
    (token.isNormalized ? Self.normalized(token.text, prefix) : token.text)
      .replacing(bytes: "\u{2581}", with: " ")
  }

  private func part(_ text: String, isFirst: Bool) -> Part {
    let first = text.unicodeScalars.first
    let isSpaced = first == " " || first == "\u{2581}"
    switch prefix {
    case .none: return .text(text, isPrefixed: false)
    case .everyPart: return .text(text, isPrefixed: true)
    case .unspacedParts: return .text(text, isPrefixed: !isSpaced)
    case .unspacedText: return .text(text, isPrefixed: isFirst && !isSpaced)
    }
  }
}

/// Finds texts in a text, by their bytes.
private struct Matcher: Sendable {
  enum Part {
    case token(AddedToken)
    case text(String, isFirst: Bool)
  }

  /// By the first byte, the longest first.
  private var tokens: [UInt8: [(bytes: [UInt8], token: AddedToken)]] = [:]

  init(_ all: [(text: String, token: AddedToken)]) {
    for (text, token) in all {
      let bytes = Array(text.utf8)
      tokens[bytes[0], default: []].append((bytes, token))
    }
    for key in tokens.keys { tokens[key]?.sort { $0.bytes.count > $1.bytes.count } }
  }

  var isEmpty: Bool { tokens.isEmpty }

  func parts(of text: String) -> [Part] {
    if isEmpty { return text.isEmpty ? [] : [.text(text, isFirst: true)] }
    let bytes = Array(text.utf8)
    var parts: [Part] = []
    // What lies before `taken` is in a part already.
    var (taken, position) = (0, 0)
    func take(upTo end: Int) {
      guard taken < end else { return }
      parts.append(
        .text(String(decoding: bytes[taken..<end], as: UTF8.self), isFirst: taken == 0))
    }
    while position < bytes.count {
      guard
        let (found, token) = tokens[bytes[position]]?.first(where: {
          bytes[position...].starts(with: $0.bytes)
        })
      else {
        position += 1
        continue
      }
      var (start, end) = (position, position + found.count)
      position = end
      if token.isWholeWord,
        bytes.scalar(before: start)?.isOfWord == true || bytes.scalar(at: end)?.isOfWord == true
      {
        continue
      }
      while token.stripsBefore, start > taken, let scalar = bytes.scalar(before: start),
        scalar.properties.isWhitespace
      {
        start -= UTF8.width(scalar)
      }
      while token.stripsAfter, let scalar = bytes.scalar(at: end), scalar.properties.isWhitespace {
        end += UTF8.width(scalar)
      }
      take(upTo: start)
      parts.append(.token(token))
      taken = end
    }
    take(upTo: bytes.count)
    return parts
  }
}

extension [UInt8] {
  /// The scalar of UTF-8 that ends before `end`, which has four bytes at most.
  fileprivate func scalar(before end: Int) -> Unicode.Scalar? {
    String(decoding: self[Swift.max(0, end - 4)..<end], as: UTF8.self).unicodeScalars.last
  }

  /// The scalar of UTF-8 that begins at `start`.
  fileprivate func scalar(at start: Int) -> Unicode.Scalar? {
    String(decoding: self[start..<Swift.min(start + 4, count)], as: UTF8.self).unicodeScalars.first
  }
}

extension Unicode.Scalar {
  /// What `\w` matches.
  fileprivate var isOfWord: Bool {
    if properties.isAlphabetic || properties.isJoinControl { return true }
    switch properties.generalCategory {
    case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation:
      return true
    default: return false
    }
  }
}

import Formats
import Foundation

/// `tokenizer.json`, the form in which Hugging Face's `tokenizers` reads a vocabulary.
///
/// Written out, because transformers otherwise rebuilds a SentencePiece model by rules of its own
/// that lose the normalizer. The library's algorithm is reproduced from four stages:
///
///     normalizer → pre-tokenizer → model → post-processor (BOS) ; decoder
///
/// User-defined symbols are found in the text as a whole, after normalizing. What the format calls
/// added tokens is found before, and each part between two is normalized by itself: it would get a
/// dummy prefix of its own. So a unigram model gets them as pieces with the library's score for them,
/// and before a byte-pair model, where the leftmost and then the longest counts, a pre-tokenizer
/// cuts them out. Only where a byte-pair model's normalizer cannot tell a part from the whole, they
/// are added tokens.
struct TokenizerJSON {
  private let model: SentencePieceModel
  private let added: AddedTokens
  private let prefix: DummyPrefix
  private let bosID: Int?
  /// Whether a directory says which tokens are added.
  private let isListed: Bool

  init(_ tokenizer: SentencePieceTokenizer) throws(TokenizerError) {
    let model = tokenizer.model
    if let id = model.pieces.firstIndex(where: { $0.kind == .unused }) {
      throw .notExportable("piece \(id) is marked unused, which that format cannot express")
    }
    if model.trainer.treatsWhitespaceAsSuffix && model.normalizer.addsDummyPrefix {
      throw .notExportable("a dummy space at the end of text is not supported")
    }
    if model.normalizer.removesExtraWhitespace,
      let id = model.pieces.firstIndex(where: {
        $0.kind == .userDefined && $0.text.unicodeScalars.contains { $0 == " " || $0 == "\u{2581}" }
      })
    {
      throw .notExportable(
        "piece \(id) is a symbol with a space, which removing extra white space would change")
    }
    self.model = model
    (added, prefix, bosID) = (tokenizer.added, tokenizer.prefix, tokenizer.bosID)
    isListed = tokenizer.settings.source != nil
  }

  var json: JSON {
    [
      "version": "1.0",
      "truncation": nil,
      "padding": nil,
      "added_tokens": .array(addedTokens),
      "normalizer": normalizer,
      "pre_tokenizer": preTokenizer,
      "post_processor": postProcessor,
      "decoder": decoder,
      "model": model.trainer.algorithm == .bpe ? bytePairModel : unigramModel,
    ]
  }

  private var symbols: [String] {
    model.pieces.filter { $0.kind == .userDefined }.map(\.text)
  }

  /// Whether what is found in the text as it is, is what is found in the normalized text.
  private var addsSymbols: Bool {
    let rules = model.normalizer
    return model.trainer.algorithm == .bpe && rules.charsmap.isEmpty
      && !rules.removesExtraWhitespace && prefix == .none
      && !symbols.contains { $0.unicodeScalars.contains { $0 == " " || $0 == "\u{2581}" } }
  }

  /// Whether a pre-tokenizer cuts symbols out.
  private var cutsSymbols: Bool {
    model.trainer.algorithm == .bpe && !symbols.isEmpty && !addsSymbols
  }

  /// What is found in text before anything else, or skipped when decoding, by its ids.
  private var tokens: [AddedToken] {
    let own = model.pieces.enumerated().compactMap { id, piece -> AddedToken? in
      switch piece.kind {
      case .unknown: break
      case .control: if isListed { return nil }
      case .userDefined: if !addsSymbols { return nil }
      case .normal, .unused, .byte: return nil
      }
      return AddedToken(id: id, text: piece.text, isSpecial: piece.kind != .userDefined)
    }
    let listed = Set(added.all.map(\.id))
    return (own.filter { !listed.contains($0.id) } + added.all).sorted { $0.id < $1.id }
  }

  /// The tokens that are no pieces.
  private var tokensBeyond: [AddedToken] {
    added.all.filter { !model.pieces.indices.contains($0.id) }
  }

  /// Whether there are ids without a token before one: the library numbers added tokens through, so
  /// that they have to stand in the vocabulary.
  private var hasGaps: Bool {
    tokensBeyond.enumerated().contains { $1.id != model.pieces.count + $0 }
  }

  private var addedTokens: [JSON] {
    tokens.map { .object(JSONObject([("id", .integer($0.id))] + $0.attributes.entries)) }
  }

  /// The same for `tokenizer_config.json`, which other readers of `tokenizer.model` go by; nil where
  /// the pieces say it all.
  var decoderOfAddedTokens: JSON? {
    if tokensBeyond.isEmpty { return nil }
    return .object(JSONObject(tokens.map { (String($0.id), .object($0.attributes)) }))
  }

  /// Whether `Metaspace` puts the prefix, which makes "▁" of spaces, too.
  private var prefixesInPreTokenizer: Bool { prefix == .unspacedParts || prefix == .unspacedText }

  private var normalizer: JSON {
    let rules = model.normalizer
    var steps: [JSON] = []
    if !rules.charsmap.isEmpty {
      steps.append([
        "type": "Precompiled",
        "precompiled_charsmap": .string(Data(rules.charsmap).base64EncodedString()),
      ])
    }
    if rules.removesExtraWhitespace {
      // Spaces only: other white space is text.
      steps.append(["type": "Replace", "pattern": ["Regex": "\\A +| +\\z"], "content": ""])
      steps.append(["type": "Replace", "pattern": ["Regex": " {2,}"], "content": " "])
    }
    if prefix == .everyPart {
      steps.append([
        "type": "Prepend", "prepend": rules.escapesWhitespace ? "\u{2581}" : " ",
      ])
    }
    if rules.escapesWhitespace && !prefixesInPreTokenizer {
      steps.append(["type": "Replace", "pattern": ["String": " "], "content": "\u{2581}"])
    }
    return ["type": "Sequence", "normalizers": .array(steps)]
  }

  /// Cuts the symbols out of the text; of those that begin at one place, the longest.
  ///
  /// A byte-pair model takes a part that is a piece for that piece, and a unigram model any piece it
  /// finds. The library never reads a byte out of text that spells it, which is cut in two instead,
  /// where no piece spans the cut.
  private var preTokenizer: JSON {
    var steps: [JSON] = []
    if prefixesInPreTokenizer {
      steps.append([
        "type": "Metaspace", "replacement": "\u{2581}", "split": false,
        "prepend_scheme": prefix == .unspacedText ? "first" : "always",
      ])
    }
    if cutsSymbols {
      let longestFirst = symbols.enumerated().sorted {
        ($1.element.unicodeScalars.count, $0.offset) < ($0.element.unicodeScalars.count, $1.offset)
      }
      steps.append(split(longestFirst.map { Self.escaped($0.element) }.joined(separator: "|")))
    }
    let cuts = [("<0", "<(?=0x[0-9A-F]{2}>)"), ("0x", "<0(?=x[0-9A-F]{2}>)")]
    let normal = model.pieces.filter { $0.kind == .normal }
    if model.trainer.byteFallback, cutsSymbols || model.trainer.algorithm == .unigram,
      let cut = cuts.first(where: { cut in !normal.contains { $0.text.contains(cut.0) } })
    {
      steps.append(split(cut.1))
    }
    return steps.isEmpty ? nil : ["type": "Sequence", "pretokenizers": .array(steps)]
  }

  private func split(_ pattern: String) -> JSON {
    [
      "type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated",
      "invert": false,
    ]
  }

  /// The text as a regular expression that matches it alone.
  private static func escaped(_ text: String) -> String {
    var pattern = ""
    for scalar in text.unicodeScalars {
      if "\\^$.|?*+()[]{}-#&~".unicodeScalars.contains(scalar) { pattern += "\\" }
      pattern.unicodeScalars.append(scalar)
    }
    return pattern
  }

  private var postProcessor: JSON {
    guard let bosID else { return nil }
    let bosText = tokens.first { $0.id == bosID }?.text ?? model.pieces[bosID].text
    let bos = JSON.string(bosText)
    func special(_ segment: Int) -> JSON {
      ["SpecialToken": ["id": bos, "type_id": .integer(segment)]]
    }
    func sequence(_ name: JSON, _ segment: Int) -> JSON {
      ["Sequence": ["id": name, "type_id": .integer(segment)]]
    }
    let token: JSON = ["id": bos, "ids": [.integer(bosID)], "tokens": [bos]]
    return [
      "type": "TemplateProcessing",
      "single": [special(0), sequence("A", 0)],
      "pair": [special(0), sequence("A", 0), special(1), sequence("B", 1)],
      "special_tokens": .object(JSONObject([(bosText, token)])),
    ]
  }

  private var decoder: JSON {
    var steps: [JSON] = [
      ["type": "Replace", "pattern": ["String": "\u{2581}"], "content": " "],
      ["type": "ByteFallback"],
      ["type": "Fuse"],
    ]
    if prefix != .none {
      steps.append(["type": "Strip", "content": " ", "start": 1, "stop": 0])
    }
    return ["type": "Sequence", "decoders": .array(steps)]
  }

  private var unigramModel: JSON {
    let unknown = model.pieces.firstIndex { $0.kind == .unknown }
    return [
      "type": "Unigram",
      "unk_id": unknown.map { .integer($0) } ?? .null,
      "vocab": .array(
        zip(model.pieces, scores).map { [.string($0.text), .number($1)] } + unigramRest),
      "byte_fallback": .bool(model.trainer.byteFallback),
    ]
  }

  /// What fills up the vocabulary to the last added token where there are gaps: no text is read as one
  /// of these.
  private var unigramRest: [JSON] {
    guard hasGaps, let last = tokensBeyond.last else { return [] }
    return (model.pieces.count...last.id).map { id in
      let text = tokensBeyond.first { $0.id == id }?.text ?? "<|unused_id_\(id)|>"
      return [.string(text), -1e6]
    }
  }

  /// The pieces' scores as the library counts with them.
  ///
  /// A symbol's is −0.1 (and its length times the largest score, if that is above 0).
  private var scores: [Double] {
    let most = model.pieces.filter { $0.kind == .normal }.map { Double($0.score) }.max() ?? 0
    return model.pieces.map { piece in
      piece.kind == .userDefined
        ? Double(piece.text.unicodeScalars.count) * max(most, 0) - 0.1 : Double(piece.score)
    }
  }

  private var bytePairModel: JSON {
    let unknown = model.pieces.first { $0.kind == .unknown }
    return [
      "type": "BPE",
      "dropout": nil,
      "unk_token": unknown.map { .string($0.text) } ?? .null,
      "continuing_subword_prefix": nil,
      "end_of_word_suffix": nil,
      "fuse_unk": true,
      "byte_fallback": .bool(model.trainer.byteFallback),
      "ignore_merges": .bool(cutsSymbols),
      "vocab": .object(
        JSONObject(
          model.pieces.enumerated().map { ($1.text, .integer($0)) }
            + (hasGaps ? tokensBeyond : []).map { ($0.text, .integer($0.id)) })),
      "merges": .array(
        merges.map { [.string(model.pieces[$0.left].text), .string(model.pieces[$0.right].text)] }),
    ]
  }

  /// Every way to make a normal piece of two others, in the order in which they apply.
  ///
  /// SentencePiece merges the pair whose result has the highest score, `tokenizers` the pair that
  /// comes first in this list: so by falling score, then by id of the result, then of its parts.
  private var merges: [(left: Int, right: Int)] {
    var ids: [ByteKey: Int] = [:]
    for (id, piece) in model.pieces.enumerated() where piece.kind == .normal {
      ids[ByteKey(piece.text)] = id
    }
    let order = model.pieces.indices.filter { model.pieces[$0].kind == .normal }.sorted { a, b in
      let (scoreA, scoreB) = (model.pieces[a].score, model.pieces[b].score)
      return scoreA != scoreB ? scoreA > scoreB : a < b
    }
    return order.flatMap { id in
      let scalars = model.pieces[id].text.unicodeScalars
      var pairs: [(left: Int, right: Int)] = []
      for split in scalars.indices.dropFirst() {
        if let left = ids[ByteKey(String(scalars[..<split]))],
          let right = ids[ByteKey(String(scalars[split...]))]
        {
          pairs.append((left, right))
        }
      }
      return pairs.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
    }
  }
}

extension AddedToken {
  /// As transformers writes them.
  fileprivate var attributes: JSONObject {
    [
      "content": .string(text), "single_word": .bool(isWholeWord), "lstrip": .bool(stripsBefore),
      "rstrip": .bool(stripsAfter), "normalized": .bool(isNormalized), "special": .bool(isSpecial),
    ]
  }
}

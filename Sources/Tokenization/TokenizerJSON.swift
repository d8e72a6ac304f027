import Formats
import Foundation

/// `tokenizer.json`, the form in which Hugging Face's `tokenizers` reads a vocabulary.
///
/// Written out, because transformers otherwise rebuilds a SentencePiece model by rules of its own
/// that lose the normalizer. The library's algorithm is reproduced from four stages:
///
///     normalizer → (no pre-tokenizer) → model → post-processor (BOS) ; decoder
struct TokenizerJSON {
  private let model: SentencePieceModel
  private let bosID: Int?

  init(_ model: SentencePieceModel, bosID: Int?) throws(TokenizerError) {
    if let id = model.pieces.firstIndex(where: { $0.kind == .unused }) {
      throw .notExportable("piece \(id) is marked unused, which that format cannot say")
    }
    if model.trainer.treatsWhitespaceAsSuffix && model.normalizer.addsDummyPrefix {
      throw .notExportable("a dummy space at the end of text is not supported")
    }
    self.model = model
    self.bosID = bosID
  }

  var json: JSON {
    [
      "version": "1.0",
      "truncation": nil,
      "padding": nil,
      "added_tokens": .array(addedTokens),
      "normalizer": normalizer,
      "pre_tokenizer": nil,
      "post_processor": postProcessor,
      "decoder": decoder,
      "model": model.trainer.algorithm == .bpe ? bytePairModel : unigramModel,
    ]
  }

  /// The pieces that are found in text before anything else, or skipped when decoding.
  private var addedTokens: [JSON] {
    model.pieces.enumerated().compactMap { id, piece in
      guard [.unknown, .control, .userDefined].contains(piece.kind) else { return nil }
      return [
        "id": .integer(id),
        "content": .string(piece.text),
        "single_word": false,
        "lstrip": false,
        "rstrip": false,
        "normalized": false,
        "special": .bool(piece.kind != .userDefined),
      ]
    }
  }

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
      steps.append(["type": "Strip", "strip_left": true, "strip_right": true])
      steps.append(["type": "Replace", "pattern": ["Regex": " {2,}"], "content": " "])
    }
    if rules.addsDummyPrefix { steps.append(["type": "Prepend", "prepend": "\u{2581}"]) }
    if rules.escapesWhitespace {
      steps.append(["type": "Replace", "pattern": ["String": " "], "content": "\u{2581}"])
    }
    return ["type": "Sequence", "normalizers": .array(steps)]
  }

  private var postProcessor: JSON {
    guard let bosID else { return nil }
    let bos = JSON.string(model.pieces[bosID].text)
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
      "special_tokens": .object(JSONObject([(model.pieces[bosID].text, token)])),
    ]
  }

  private var decoder: JSON {
    var steps: [JSON] = [
      ["type": "Replace", "pattern": ["String": "\u{2581}"], "content": " "],
      ["type": "ByteFallback"],
      ["type": "Fuse"],
    ]
    if model.normalizer.addsDummyPrefix {
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
        model.pieces.map { [.string($0.text), .number(Double($0.score))] }),
      "byte_fallback": .bool(model.trainer.byteFallback),
    ]
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
      "ignore_merges": false,
      "vocab": .object(
        JSONObject(model.pieces.enumerated().map { ($1.text, .integer($0)) })),
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

import Formats
import Foundation
import Testing
import Tokenization

/// Ids, pieces and decoded text against those of the Python package, for the model here and for
/// every `sentencepiece/*.model` under the directory that GRPO_FIXTURES names.
@Suite struct SentencePieceParityTests {
  static let models: [String] = {
    let directories =
      [Samples.fixtures, ProcessInfo.processInfo.environment["GRPO_FIXTURES"]].compactMap(\.self)
    return directories.flatMap { directory in
      let folder = directory + "/sentencepiece"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.filter { $0.hasSuffix(".model") }.sorted().map { folder + "/" + $0 }
    }
  }()

  @Test func thereIsAModelToCompare() { #expect(!Self.models.isEmpty) }

  @Test(arguments: models)
  func agreesWithPython(path: String) throws {
    let expectedPath = path.dropLast("model".count) + "json"
    let expected = try JSON(
      parsing: Files.read(String(expectedPath), maximumBytes: 64 << 20), file: "expected")
    let tokenizer = try SentencePieceTokenizer(path: path)
    #expect(expected["vocab_size"]?.int == tokenizer.vocabularySize)
    #expect(expected["bos"]?.int == tokenizer.bosID ?? -1)
    #expect(expected["eos"]?.int == tokenizer.eosID ?? -1)
    #expect(expected["unk"]?.int == tokenizer.unknownID)
    #expect(expected["pad"]?.int == tokenizer.paddingID ?? -1)

    let cases = try #require(expected["cases"]?.array)
    var disagreeing: [String] = []
    for entry in cases {
      let text = try #require(entry["text"]?.string)
      let ids = try #require(entry["ids"]?.array).compactMap(\.int)
      let got: JSON = [
        "text": .string(text),
        "ids": .array(tokenizer.encode(text).map { .integer($0) }),
        "pieces": .array(try tokenizer.pieces(of: text).map { .string($0) }),
        "decoded": .string(try tokenizer.decode(ids)),
      ]
      if got != entry { disagreeing.append(text) }
    }
    print("\(path): \(cases.count - disagreeing.count) of \(cases.count) strings agree")
    #expect(!cases.isEmpty)
    #expect(disagreeing == [])
  }
}

import Foundation
import Kernels
import LanguageModel
import Sampling
import Testing

@Suite struct SequenceScorerTests {
  private func scores(
    _ sequences: [[Int]], of directory: String
  ) throws -> [SequenceScorer.Scores] {
    var found: [SequenceScorer.Scores] = []
    try SequenceScorer(directory: directory, threads: 2).score(sequences) { found.append($0) }
    return found
  }

  @Test func aSequenceScoresAsItWasDrawn() throws {
    let folder = try ModelFolder()
    let sampler = TextSampler(
      try Policy(directory: folder.path),
      options: SamplingOptions(maximumTokens: 9, eosIDs: [2]))
    let drawn = try sampler.complete("1+1=", count: 5)
    try FileManager.default.removeItem(atPath: folder.path + "/tokenizer.model")
    let found = try scores(drawn.map { $0.promptIDs + $0.drawn.tokens }, of: folder.path)
    for (drawn, scores) in zip(drawn, found) {
      let (prompt, count) = (drawn.promptIDs.count, drawn.drawn.tokens.count)
      #expect(scores.logProbs.count == prompt + count && scores.logProbs[0] == nil)
      #expect(scores.logProbs.suffix(count).map { $0 ?? 0 } == drawn.drawn.logProbs)
      #expect(Array(scores.entropies.dropLast().suffix(count)) == drawn.drawn.entropies)
    }
  }

  @Test func logitsThatAreNotFiniteNameTheSequence() throws {
    let folder = try ModelFolder()
    let policy = try ChainPolicy("abc".utf8).policy
    // Behind token 9 alone.
    policy.model.parameters.head[5, 9] = .greatestFiniteMagnitude
    for file in try policy.files() {
      try Data(file.bytes).write(to: URL(fileURLWithPath: "\(folder.path)/\(file.name)"))
    }
    let error = #expect(throws: SamplingError.self) {
      try scores([[1, 5], [7, 9]], of: folder.path)
    }
    #expect(error?.description == "sequence 2: the logits are not finite")
  }
}

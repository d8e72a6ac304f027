import Formats
import Foundation
import Kernels
import LanguageModel
import Sampling
import Testing
import Tokenization

@Suite struct TokenStreamTests {
  private func tokens(_ stream: TokenStream) async throws -> [TokenStream.Token] {
    var tokens: [TokenStream.Token] = []
    for try await token in stream { tokens.append(token) }
    return tokens
  }

  /// Random bytes, so that characters end in other tokens than they begin in, or never.
  @Test(arguments: [[], ["\n"], ["=1", "1=", "\u{FFFD}2"], ["\u{E9}", "+"], ["\u{FFFD}"]])
  func whatIsStreamedIsWhatTheTextSamplerGives(stop: [String]) async throws {
    let folder = try ModelFolder()
    let policy = try Policy(directory: folder.path)
    let options = SamplingOptions(temperature: 1.5, maximumTokens: 14, eosIDs: [2])
    let whole = try TextSampler(policy, options: options, stop: stop)
      .complete("1+1=", count: 30, seed: 3, row: 5)
    for (sample, whole) in whole.enumerated() {
      let streamed = try await tokens(
        policy.stream(
          "1+1=", options: options, stop: stop, seed: 3, row: 5, sample: sample,
          threads: 1 + sample % 2))
      #expect(streamed.map(\.text).joined().hasSameBytes(as: whole.text))
      #expect(streamed.map(\.id) == whole.drawn.tokens)
      #expect(streamed.map(\.logProb) == whole.drawn.logProbs)
      #expect(streamed.count > 1 || whole.drawn.tokens.count == 1)
    }
    #expect(whole.contains { $0.drawn.stopped })
  }

  @Test(arguments: [
    ("1\u{1F44D}2", [], ["1", "", "", "", "\u{1F44D}", "2", ""]),
    // What begins like a stop text comes once it has gone on otherwise.
    ("1abd2", ["abc"], ["1", "", "", "abd", "2", ""]),
    ("1abc2", ["abc"], ["1", "", "", ""]),
    ("1aAbB", ["aAc", "AbC", "bBB"], ["1", "", "", "a", "A", "bB"]),
    ("1a", ["ab"], ["1", "", "a"]),
    // A stop text that begins with the first byte of another character.
    ("1\u{E9}2", ["\u{EA}"], ["1", "", "\u{E9}", "2", ""]),
    ("1\u{E9}2", ["\u{E9}"], ["1", "", ""]),
  ])
  func textThatMayStillChangeWaits(text: String, stop: [String], parts: [String]) async throws {
    let chain = try ChainPolicy(text.utf8)
    #expect(try await tokens(chain.stream(stop: stop)).map(\.text) == parts)
    #expect(try chain.whole(stop: stop).text.hasSameBytes(as: parts.joined()))
  }

  /// Bytes that no character begins with are marked one by one; the last three wait.
  @Test func bytesOfNoCharacterComeAsMarks() async throws {
    let chain = try ChainPolicy([0x80, 0x81, 0x82, 0x83, 0x84, 0x31])
    let mark = "\u{FFFD}"
    #expect(
      try await tokens(chain.stream()).map(\.text) == [
        "", "", "", mark, mark, "\(mark)\(mark)\(mark)1", "",
      ])
    // A character that is cut off by the limit is marked at the end.
    let cut = try ChainPolicy("1\u{1F44D}".utf8)
    #expect(
      try await tokens(cut.stream(tokens: 3)).map(\.text) == ["1", "", "\(mark)\(mark)"])
    #expect(try cut.whole(tokens: 3).text == "1\(mark)\(mark)")
  }

  @Test func aSecondIterationGivesTheSame() async throws {
    let stream = try ChainPolicy("abc".utf8).stream()
    let first = try await tokens(stream)
    #expect(try await tokens(stream) == first)
    var iterator = stream.makeAsyncIterator()
    while let _ = try await iterator.next() {}
    #expect(try await iterator.next() == nil)
  }

  @Test func anIterationThatIsGivenUpLeavesThePolicyFree() async throws {
    let chain = try ChainPolicy("abc".utf8, isEndless: true)
    for _ in 0..<3 {
      var text = ""
      for try await token in chain.stream() {
        text += token.text
        if text.count == 5 { break }
      }
      #expect(text == "abcab")
    }
    #expect(try chain.whole(tokens: 4).text == "abca")
  }

  @Test func theNextTokenOfACancelledTaskIsAnError() async throws {
    let chain = try ChainPolicy("abc".utf8, isEndless: true)
    let (seen, mark) = AsyncStream.makeStream(of: String.self)
    let task = Task {
      var count = 0
      for try await token in chain.stream() {
        mark.yield(token.text)
        count += 1
        while count == 5, !Task.isCancelled { await Task.yield() }
      }
    }
    var text = ""
    for await part in seen {
      text += part
      if text.count == 5 { break }
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(text == "abcab")
    #expect(try await tokens(chain.stream(tokens: 4)).map(\.text) == ["a", "b", "c", "a"])
  }

  @Test func nothingComesAfterAnError() async throws {
    let chain = try ChainPolicy("abc".utf8, isEndless: true)
    let task = Task {
      var tokens = chain.stream().makeAsyncIterator()
      let first = try await tokens.next()?.text
      unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
      await #expect(throws: CancellationError.self) { _ = try await tokens.next() }
      let last = try await tokens.next()
      return first == "a" && last == nil
    }
    #expect(try await task.value)
  }

  @Test func streamsOfSeveralTasksDoNotMeet() async throws {
    let folder = try ModelFolder()
    let policy = try Policy(directory: folder.path)
    let options = SamplingOptions(maximumTokens: 18, eosIDs: [])
    let whole = try TextSampler(policy, options: options).complete("1+1=", count: 4)
    let found = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for sample in 0..<4 {
        group.addTask {
          var text = ""
          for try await token in policy.stream("1+1=", options: options, sample: sample) {
            text += token.text
            await Task.yield()
          }
          return (sample, text)
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for (sample, whole) in whole.enumerated() {
      #expect(found[sample]?.hasSameBytes(as: whole.text) == true)
    }
    // And two that one task asks in turn.
    var first = policy.stream("1+1=", options: options, sample: 0).makeAsyncIterator()
    var second = policy.stream("1+1=", options: options, sample: 1).makeAsyncIterator()
    var (a, b) = ("", "")
    while let one = try await first.next(), let other = try await second.next() {
      a += one.text
      b += other.text
    }
    #expect(a.hasSameBytes(as: whole[0].text) && b.hasSameBytes(as: whole[1].text))
  }

  @Test func whatCannotBeCompletedIsAnErrorOfTheFirstToken() async throws {
    let folder = try ModelFolder()
    let policy = try Policy(directory: folder.path)
    let options = SamplingOptions(maximumTokens: 4, eosIDs: [2])
    let long = String(repeating: "9+", count: 40)
    let error = await #expect(throws: PromptError.self) {
      try await tokens(policy.stream(long, options: options))
    }
    #expect(error?.problem == .tooLong(tokens: 81, context: 24))
    policy.model.parameters.norm[0, 0] = .nan
    await #expect(throws: SamplingError.self) {
      try await tokens(policy.stream("1", options: options))
    }
    let empty = NSTemporaryDirectory()
    #expect(throws: FormatError.self) { try Policy(directory: empty + UUID().uuidString) }
  }
}

import Kernels
import LanguageModel
import Testing
import Training

@Suite struct BacktrackingTests {
  private let policy = Parameters(
    ModelConfiguration(
      vocabularySize: 8, hiddenSize: 8, layers: 1, attentionHeads: 1, keyValueHeads: 1, headSize: 8,
      intermediateSize: 8, maximumPositions: 4, tiedEmbeddings: true, initializerRange: 0.5),
    seed: 1)
  private let workers = Workers(count: 1)

  private func stands(at start: [Float]) -> Bool { numbers(policy.buffer) == start }

  private func numbers(_ buffer: FloatBuffer) -> [Float] { (0..<buffer.count).map { buffer[$0] } }

  private func direction(of value: Double) -> FloatBuffer {
    let buffer = FloatBuffer(count: policy.buffer.count)
    buffer.set(Array(repeating: value, count: buffer.count))
    return buffer
  }

  @Test func theFirstStepThatHoldsIsTakenFromTheStart() async {
    let start = numbers(policy.buffer)
    var seen: [Float] = []
    let found = await Backtracking(count: policy.buffer.count).move(
      policy, along: direction(of: 2), by: [1, 0.5, 0.25, 0.125], workers
    ) { trial in
      seen.append(policy.buffer[0] - start[0])
      return trial == 3
    }
    #expect(found.step == 0.25 && found.trials == 3)
    #expect(zip(seen, [2, 1, 0.5]).allSatisfy { abs($0 - $1) < 1e-6 } && seen.count == 3)
    #expect(stands(at: start.map { $0 + 0.5 }))
  }

  @Test func whereNoneHoldsOrOneThrowsThePolicyStays() async throws {
    struct Failed: Error {}
    let start = numbers(policy.buffer)
    let backtracking = Backtracking(count: policy.buffer.count)
    let found = await backtracking.move(
      policy, along: direction(of: 2), by: [1, 0.5], workers
    ) { _ in false }
    #expect(found.step == nil && found.trials == 2 && stands(at: start))
    await #expect(throws: Failed.self) {
      _ = try await backtracking.move(
        policy, along: direction(of: 2), by: [1], workers
      ) { _ in throw Failed() }
    }
    #expect(stands(at: start))
  }

  @Test func aStepThatOverflowsIsNotTakenThoughItHolds() async {
    let found = await Backtracking(count: policy.buffer.count).move(
      policy, along: direction(of: 1e30), by: [1e9, 1e-30], workers
    ) { _ in true }
    #expect(found.step == 1e-30 && found.trials == 2)
  }
}

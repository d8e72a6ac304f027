import Kernels
import Testing
import Training

@Suite struct UpdateSignalTests {
  @Test(arguments: [
    (1.0, 2.0, nil), (1, 0, UpdateSignal.Refusal.noGradient), (1, .nan, .overflow),
    (1, .infinity, .overflow), (.nan, 1, .overflow), (.infinity, 0, .overflow),
    (-.infinity, 1, .overflow), (1, 1e100, nil),
  ])
  func onlyFiniteNumbersAndAGradientMove(
    loss: Double, norm: Double, expected: UpdateSignal.Refusal?
  ) {
    #expect(UpdateSignal(loss: loss, norm: norm).refusal() == expected)
  }

  @Test func aNormBeyondWhatCanBeWrittenIsRefused() {
    let signal = UpdateSignal(loss: 1, norm: 8)
    #expect(signal.refusal(largestNorm: 8) == nil)
    #expect(signal.refusal(largestNorm: 7.9) == .overflow)
    // What clips an infinite norm is 0, and 1/0 no bound.
    let infinite = UpdateSignal(loss: 1, norm: .infinity)
    #expect(infinite.refusal(largestNorm: .infinity) == .overflow)
  }

  @Test func gradientsThatMoveTogetherHaveOneNorm() {
    let (a, b, workers) = (FloatBuffer(count: 3), FloatBuffer(count: 2), Workers(count: 1))
    (a[1], b[0]) = (3, -4)
    let both = UpdateSignal(loss: 2, gradients: [a, b], workers: workers)
    #expect(both == UpdateSignal(loss: 2, norm: 5))
    #expect(UpdateSignal(loss: 2, gradients: [a], workers: workers).norm == 3)
    b[1] = .infinity
    let infinite = UpdateSignal(loss: 2, gradients: [a, b], workers: workers)
    #expect(infinite.refusal() == .overflow)
  }
}

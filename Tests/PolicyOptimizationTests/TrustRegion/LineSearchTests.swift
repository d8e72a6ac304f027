import PolicyOptimization
import Testing

@Suite struct LineSearchTests {
  @Test func shrinksUntilAccepted() {
    var tried: [Double] = []
    let outcome = LineSearch(initialStep: 8, shrinkFactor: 0.25).search { step in
      tried.append(step)
      return step < 1
    }
    #expect(tried == [8, 2, 0.5])
    #expect(outcome.step == 0.5 && outcome.evaluations == 3)
  }

  @Test func givesUpAfterItsTrials() {
    let outcome = LineSearch(maximumTrials: 4).search { _ in false }
    #expect(outcome.step == nil && outcome.evaluations == 4)
  }

  @Test func theFirstStepMayDo() {
    let outcome = LineSearch().search { _ in true }
    #expect(outcome.step == 1 && outcome.evaluations == 1)
  }

  private struct Failure: Error {}

  @Test func anErrorOfTheJudgeEndsIt() {
    #expect(throws: Failure.self) { try LineSearch().search { _ in throw Failure() } }
  }

  /// f(x) = (x − 1)² from 0 along −f′ = 2: a step α lands on 2α and is better where 0 < α < 1.
  @Test func findsALowerLoss() {
    let outcome = LineSearch(initialStep: 16).search { step in (2 * step - 1) * (2 * step - 1) < 1 }
    #expect(outcome.step == 0.5 && outcome.evaluations == 6)
  }
}

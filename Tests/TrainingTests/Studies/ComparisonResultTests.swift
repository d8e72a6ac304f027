import Evaluation
import Testing
import Training

@Suite struct ComparisonResultTests {
  private func run(
    _ recipe: String, _ seed: Int, _ variant: String, _ before: Double?, _ after: Double?,
    _ steps: [ComparedRun.Step] = []
  ) -> ComparedRun {
    ComparedRun(
      recipe: recipe, seed: seed, variant: variant, before: before, after: after, steps: steps)
  }

  private var result: ComparisonResult {
    ComparisonResult(
      recipes: ["a", "b"], variants: ["x", "y"], metrics: [],
      runs: [
        run("a", 1, "x", 0.2, 0.4), run("a", 1, "y", 0.2, 0.7),
        run("a", 2, "x", 0.3, 0.1), run("a", 2, "y", 0.3, 0.5),
        run("b", 1, "x", 0.5, 0.5), run("b", 1, "y", 0.5, 0.4),
        run("b", 2, "x", 0.1, 0.3), run("b", 2, "y", 0.1, 0.2),
      ])
  }

  @Test func scoresLieBetweenTheWarmStartAndTheRecipesBestRun() throws {
    // Best of a: 0.7; of b: 0.5, which no run of b's first seed is better than its start by.
    let scores = result.runs.map { result.score(of: $0, .warmStart) }
    let expected: [Double?] = [
      0.2 / 0.5, 1, -0.2 / 0.4, 0.2 / 0.4, nil, nil, 0.2 / 0.4, 0.1 / 0.4,
    ]
    for (score, expected) in zip(scores, expected) {
      // Differences and quotients of numbers below 1 round by less than 1e-15.
      #expect(score.map { ($0 * 1e12).rounded() } == expected.map { ($0 * 1e12).rounded() })
    }
    #expect(result.score(of: result.runs[2], .zero) == 0.1 / 0.7)
    #expect(result.score(of: result.runs[4], .zero) == 1)
  }

  @Test func aRowIsTheMeanOverSeedsWithItsStandardError() throws {
    let row = result.row("x", recipe: "a")
    #expect(row.count == 2 && row.failed == 0)
    let after = try #require(row.after)
    #expect(after.mean == 0.25)
    // Two values at a distance d have the standard error d/2.
    #expect(abs(try #require(after.standardError) - 0.15) < 1e-12)
    #expect(abs(try #require(row.gain).mean - 0) < 1e-12)
    // Over all recipes: 0.4, −0.5 and 0.5; the undefined score is left out.
    let score = try #require(result.row("x", recipe: nil).scores.first ?? nil)
    #expect(score.count == 3)
    #expect(abs(score.mean - 0.4 / 3) < 1e-12)
  }

  @Test func metricsAreMeansOverTheLastTenthOfTheSteps() {
    // 25 steps: the last three, of which one has no value.
    let steps = (1...25).map { step in
      ComparedRun.Step(step: step, metrics: [step == 24 ? nil : Double(step), nil])
    }
    #expect(run("a", 1, "x", nil, nil, steps).metrics == [24, nil])
    let result = ComparisonResult(
      recipes: ["a"], variants: ["x"], metrics: ["m", "n"], runs: [run("a", 1, "x", 0, 1, steps)])
    #expect(result.unknownMetrics == ["n"])
  }

  @Test func theWarmStartsAccuracyIsKnownFromTheOtherVariants() {
    let result = ComparisonResult(
      recipes: ["a"], variants: ["x", "y"], metrics: [],
      runs: [
        run("a", 1, "x", nil, 0), run("a", 1, "y", 0.25, 1), run("a", 2, "x", 0.5, 1),
        run("a", 2, "y", 0.5, 1),
      ])
    #expect(result.runs.map(\.before) == [0.25, 0.25, 0.5, 0.5])
  }

  @Test func fieldsWithCommasAndQuotationMarksAreQuoted() {
    let result = ComparisonResult(
      recipes: ["a"], variants: ["k=[1, 2] \"x\""], metrics: [],
      runs: [run("a", 1, "k=[1, 2] \"x\"", nil, 0.1)])
    #expect(
      result.resultsCSV == """
        recipe,seed,variant,status,steps,before,after,normalised,normalised_from_zero
        a,1,"k=[1, 2] ""x""\",finished,0,,0.1,,1.0

        """)
  }

  @Test func aFailedRunKeepsItsLastAccuracyInTheCurve() throws {
    func steps(_ accuracies: [Double]) -> [ComparedRun.Step] {
      accuracies.enumerated().map { .init(step: $0 + 1, accuracy: $1) }
    }
    let result = ComparisonResult(
      recipes: ["a"], variants: ["x"], metrics: [],
      runs: [
        run("a", 1, "x", 0.5, 0.75, steps([0.25, 0.5, 0.75])),
        ComparedRun(
          recipe: "a", seed: 2, variant: "x", status: .failed, before: 0.25, after: 0.25,
          steps: steps([0.25])),
      ])
    let points = try #require(result.learningCurves.charts.first?.series.first?.points)
    #expect(points.map(\.x) == [0, 1, 2, 3])
    #expect(points.map(\.y) == [37.5, 25, 37.5, 50])
    // Two values at a distance d have the standard error d/2; the square root may round.
    for (point, spread) in zip(points, [12.5, 0, 12.5, 25]) {
      #expect(abs(point.spread - spread) < 1e-9)
    }
  }

  @Test func withoutEvaluationsTheCurveIsTheReward() throws {
    let steps = (1...100).map { ComparedRun.Step(step: $0, reward: Double($0)) }
    let result = ComparisonResult(
      recipes: ["a"], variants: ["x"], metrics: [], runs: [run("a", 1, "x", 0.5, 1, steps)])
    let chart = try #require(result.learningCurves.charts.first)
    #expect(chart.yLabel == "reward")
    // Fifty points, each the mean of two steps.
    let points = try #require(chart.series.first?.points)
    #expect(points.count == 50)
    #expect(points.first == .init(x: 2, y: 1.5))
    #expect(points.last == .init(x: 100, y: 99.5))
  }
}

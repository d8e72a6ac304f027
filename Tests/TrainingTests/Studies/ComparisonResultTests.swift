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

  @Test func differencesArePairedBySeedAndEveryPairIsThere() throws {
    let result = ComparisonResult(
      recipes: ["a"], variants: ["x", "y", "z"], metrics: ["kl"],
      runs: [
        run("a", 1, "x", 0.2, 0.4), run("a", 1, "y", 0.2, 0.5), run("a", 1, "z", 0.2, 0.1),
        run("a", 2, "x", 0.3, 0.1), run("a", 2, "y", 0.3, 0.3), run("a", 2, "z", 0.3, nil),
        run("a", 3, "x", 0.1, 0.2), run("a", 3, "y", 0.1, 0.5), run("a", 3, "z", 0.1, 0.9),
      ])
    let differences = result.differences
    #expect(differences.map { "\($0.variant) − \($0.baseline)" } == ["y − x", "z − x", "z − y"])
    #expect(differences.allSatisfy { $0.recipe == "a" && $0.quantity == .accuracy })
    // y − x: 0.1, 0.2, 0.3; SE 0.1/√3, t 4.302653 for two degrees of freedom.
    let first = try #require(differences.first)
    #expect(abs(try #require(first.estimate).mean - 0.2) < 1e-12)
    let interval = try #require(first.interval)
    #expect(abs(interval.lowerBound - (0.2 - 0.2484138)) < 1e-6)
    #expect(abs(interval.upperBound - (0.2 + 0.2484138)) < 1e-6)
    // z is unknown with seed 2, which is left out: −0.3 and 0.7.
    #expect(differences[1].estimate?.count == 2)
    #expect(abs(try #require(differences[1].estimate).mean - 0.2) < 1e-12)
    let lines = result.differencesCSV.split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[1].hasPrefix("a,accuracy,y,x,3,0.1999"))
  }

  @Test func overAllRecipesASeedsDifferenceIsTheirMean() throws {
    let all = result.differences.filter { $0.recipe == nil }
    // y − x of a: 0.3 and 0.4; of b: −0.1 and −0.1; by seed 0.1 and 0.15.
    #expect(all.count == 1 && all[0].estimate?.count == 2)
    #expect(abs(try #require(all[0].estimate).mean - 0.125) < 1e-12)
    #expect(abs(try #require(all[0].estimate?.standardError) - 0.025) < 1e-12)
    #expect(result.differences.filter { $0.recipe == "b" }.map(\.variant) == ["y"])
    #expect(result.differencesCSV.contains("\n,accuracy,y,x,2,0.125"))
  }

  @Test func aSeedThatARecipeLacksIsNotCountedOverAll() throws {
    var result = result
    result.runs[5].status = .error
    let all = try #require(result.differences.first { $0.recipe == nil })
    // Of b's first seed y is missing; the second one's: 0.4 of a and −0.1 of b.
    #expect(all.estimate?.count == 1)
    #expect(abs(try #require(all.estimate).mean - 0.15) < 1e-12)
  }

  @Test func oneSeedHasADifferenceAndNoInterval() {
    let one = ComparisonResult(
      recipes: ["a"], variants: ["x", "y"], metrics: [],
      runs: [run("a", 1, "x", nil, 0.25), run("a", 1, "y", nil, 0.75)])
    #expect(one.differences.map { $0.estimate?.mean } == [0.5])
    #expect(one.differences[0].interval == nil)
    #expect(one.differencesCSV.hasSuffix("\na,accuracy,y,x,1,0.5,,,\n"))
  }

  @Test func rewardAndMetricsAreComparedToo() {
    func steps(_ reward: Double, _ kl: Double) -> [ComparedRun.Step] {
      (1...20).map { .init(step: $0, reward: $0 > 18 ? reward : 0, metrics: [kl]) }
    }
    let result = ComparisonResult(
      recipes: ["a"], variants: ["x", "y"], metrics: ["kl"],
      runs: [
        run("a", 1, "x", nil, nil, steps(1, 0.25)), run("a", 1, "y", nil, nil, steps(3, 0.5)),
      ])
    #expect(result.quantities == [.reward, .metric("kl")])
    #expect(result.differences.map { $0.estimate?.mean } == [2, 0.25])
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
    let series = try #require(result.learningCurves.charts.first?.series.first)
    let points = series.points
    #expect(points.map(\.x) == [0, 1, 2, 3])
    #expect(series.singles.map { $0.map(\.y) } == [[50, 25, 50, 75], [25, 25, 25, 25]])
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
    #expect(chart.series.first?.singles.isEmpty == true)
    #expect(result.learningCurves.note.hasPrefix("one seed says nothing about the spread"))
    #expect(points.count == 50)
    #expect(points.first == .init(x: 2, y: 1.5))
    #expect(points.last == .init(x: 100, y: 99.5))
  }

  @Test func accuracyRewardAndMetricsAreDrawnWithSingleSeeds() throws {
    func steps(_ level: Double) -> [ComparedRun.Step] {
      (1...2).map { .init(step: $0, reward: level, accuracy: level / 4, metrics: [level, nil]) }
    }
    let result = ComparisonResult(
      recipes: ["a"], variants: ["x"], metrics: ["kl", "none"],
      runs: [run("a", 1, "x", 0, 1, steps(1)), run("a", 2, "x", 0, 1, steps(2))])
    let figure = result.learningCurves
    #expect(figure.charts.map(\.yLabel) == ["held-out accuracy, %", "reward", "kl"])
    #expect(figure.charts.map(\.yBounds) == [0...100, nil, nil])
    #expect(
      figure.note
        == "band: mean ± standard error over 2 seeds; thin lines: single seeds")
    let reward = try #require(figure.charts[1].series.first)
    #expect(reward.points.map(\.y) == [1.5, 1.5] && reward.points.map(\.spread) == [0.5, 0.5])
    #expect(reward.singles.map { $0.map(\.y) } == [[1, 1], [2, 2]])
  }
}

import Foundation
import PolicyOptimization
import Testing
import Training

/// The picture on the page of `ppo-clip`, drawn from the surrogate that trains.
@Suite struct ClipCurvesTests {
  private static let path =
    "Sources/PolicyOptimization/PolicyOptimization.docc/Resources/clip-curves.svg"

  private var file: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(Self.path)
  }

  /// What one token adds to the objective, over the ratio: figure 1 of PPO's paper, ε = 0.2.
  private func chart(advantage: Double) -> LineChart {
    func series(_ name: String, _ objective: (Double) -> Double) -> LineChart.Series {
      let ratios = (0...80).map { Double($0) / 40 }
      return .init(name: name, points: ratios.map { .init(x: $0, y: objective($0)) })
    }
    let clip = ClippedSurrogate(epsilonLow: 0.2)
    return LineChart(
      title: "advantage \(advantage > 0 ? "+1" : "−1")", xLabel: "ratio", yLabel: "objective",
      series: [
        series("L^CLIP, epsilon 0.2") { -clip(ratio: $0, advantage: advantage).loss },
        series("not clipped") { $0 * advantage },
      ])
  }

  /// With GRPO_DRAW in the environment it is written instead.
  @Test func theCommittedPictureIsWhatTheCodeDraws() throws {
    let svg = Figure(charts: [chart(advantage: 1), chart(advantage: -1)]).svg
    if ProcessInfo.processInfo.environment["GRPO_DRAW"] != nil {
      try Data(svg.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == svg)
  }
}

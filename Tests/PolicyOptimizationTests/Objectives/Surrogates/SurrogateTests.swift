import Formats
import Foundation
import PolicyOptimization
import Testing

/// Losses and gradients of every surrogate on the five tokens of ``PolicyObjectiveTests/batch``.
///
/// Ratios 1.34985881, .90483742, 1 and .60653066, 1.22140276; whole completions e^.2 and e^−.3,
/// geometric means 1.06893911 and .86070798. The numbers are from a separate calculation in NumPy;
/// gradients there by central differences.
@Suite struct SurrogateTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var objective: PolicyObjective
    var loss: Double
    var dLogProb: [Double]
    var testDescription: String { name }

    init(
      _ name: String, _ surrogate: Surrogate, _ aggregation: Aggregation,
      level: RatioLevel = .token, _ loss: Double, _ dLogProb: [Double]
    ) {
      self.name = name
      objective = PolicyObjective(
        ratioLevel: level, surrogate: surrogate, aggregation: aggregation)
      (self.loss, self.dLogProb) = (loss, dLogProb)
    }
  }

  private static let clipped = PolicyObjectiveTests.clipped
  private static func clipped(
    high: Double = 0.28, delta: Double? = nil, dual: Double? = nil
  ) -> Surrogate {
    .clipped(
      ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: high, delta: delta, dualClip: dual))
  }

  static let rows: [Row] = {
    let grpo = [0, -0.150_806_24, -0.166_666_67, 0, 0.152_675_34]
    let dapo = [0, -0.180_967_48, -0.2, 0, 0.122_140_28]
    func twice(_ a: Double, _ b: Double) -> [Double] { [a, a, a, b, b] }
    return [
      Row("GRPO", clipped, .sequenceMean, -0.278_130_89, grpo),
      Row("DAPO", clipped, .tokenMean, -0.434_827_21, dapo),
      Row(
        "Dr. GRPO", clipped, .constantLength(4), -0.271_767_00,
        [0, -0.113_104_68, -0.125, 0, 0.076_337_67]),
      Row("ε_high 0.2", clipped(high: 0.2), .sequenceMean, -0.264_797_56, grpo),
      Row("δ 1.1", clipped(delta: 1.1), .sequenceMean, -0.248_130_89, grpo),
      Row("dual clip 3", clipped(high: 0.2, dual: 3), .tokenMean, -0.418_827_21, dapo),
      Row(
        "dual clip 1.1", clipped(high: 0.2, dual: 1.1), .tokenMean, -0.430_967_48,
        [0, -0.180_967_48, -0.2, 0, 0]),
      Row(
        "GSPO", clipped, .sequenceMean, level: .sequence, -0.319_292_56,
        twice(-0.178_156_52, 0.107_588_50)),
      Row(
        "one ratio per output", clipped, .sequenceMean, level: .sequenceProduct, -0.410_701_38,
        twice(-0.610_701_38, 0)),
      Row(
        "LUSPO", clipped, .sequenceSum, level: .sequence, -1.173_054_67,
        twice(-0.534_469_55, 0.215_176_99)),
      Row(
        "CISPO of TRL", .cispo(CISPO()), .tokenMean, 0.165_342_54,
        [-0.269_971_76, -0.180_967_48, -0.2, 0.060_653_07, 0.122_140_28]),
      Row(
        "CISPO of verl", .cispo(CISPO(maximumRatio: 1.28, minimumRatio: 0.8)), .tokenMean,
        0.119_662_79, [-0.256, -0.180_967_48, -0.2, 0.08, 0.122_140_28]),
      Row(
        "SAPO", .sapo(SAPO()), .sequenceMean, -0.586_627_72,
        [-0.218_230_17, -0.150_465_33, -0.166_666_67, 0.072_670_98, 0.150_631_00]),
      Row(
        "GMPO, ε 0.25", .gmpo(GMPO(epsilonLow: 0.25)), .sequenceMean, -0.281_808_07,
        [0, -0.175_211_85, -0.175_211_85, 0, 0.121_913_74]),
      Row(
        "VESPO", .vespo(VESPO()), .tokenMean, 0.092_072_23,
        twice(-0.153_562_72, 0.068_274_32)),
      Row("policy gradient", .policyGradient, .tokenMean, 0.09, twice(-0.2, 0.1)),
      Row(
        "unclipped ratio", .ratio, .sequenceMean, -0.313_957_69,
        [-0.224_976_47, -0.150_806_24, -0.166_666_67, 0.075_816_33, 0.152_675_34]),
    ]
  }()

  @Test(arguments: rows)
  func matchesNumbersComputedElsewhere(row: Row) {
    let result = row.objective(PolicyObjectiveTests.batch)
    // Half a unit of the eighth digit that is written down.
    #expect(abs(result.loss - row.loss) < 0.6e-8)
    #expect(isClose(result.dLogProb, row.dLogProb, within: 0.6e-8))
  }

  /// At the first update after sampling they differ in their losses, but not in their gradient.
  @Test(arguments: rows.filter { $0.objective.ratioLevel == .token })
  func onPolicyEveryGradientIsThePolicyGradient(row: Row) {
    var batch = PolicyObjectiveTests.batch
    batch.oldLogProb = batch.logProb
    let plain = PolicyObjective(
      surrogate: .policyGradient, aggregation: row.objective.aggregation)(batch)
    #expect(isClose(row.objective(batch).dLogProb, plain.dLogProb, within: 1e-15))
  }

  @Test func negatedAdvantagesNegateThePolicyGradient() {
    let objective = PolicyObjective(surrogate: .policyGradient)
    var batch = PolicyObjectiveTests.batch
    let result = objective(batch)
    batch.advantage = batch.advantage.map { -$0 }
    #expect(objective(batch).dLogProb == result.dLogProb.map { -$0 })
  }

  @Test func theRatioIsTheSurrogatesOwnMatterForThree() {
    let own = Self.rows.map(\.objective.surrogate).filter { !$0.usesRatioLevel }
    #expect(own == [.gmpo(GMPO(epsilonLow: 0.25)), .vespo(VESPO()), .policyGradient])
  }

  @Test(arguments: rows)
  func maskedTokensAreNeverReadAndUnmaskedNaNIsPassedOn(row: Row) {
    var batch = PolicyObjectiveTests.batch
    batch.mask[1] = false
    let expected = row.objective(batch)
    batch.logProb[1] = .nan
    batch.oldLogProb[1] = .infinity
    batch.advantage[1] = .nan
    let result = row.objective(batch)
    #expect(result.loss == expected.loss && result.dLogProb == expected.dLogProb)
    #expect(result.metrics.map(\.value) == expected.metrics.map(\.value))
    batch.logProb[0] = .nan
    #expect(row.objective(batch).loss.isNaN)
  }

  /// GMPO's ratio is clipped and shared; a token's importance is neither.
  @Test func aPenaltyBesideGMPOIsWeightedByTheTokensOwnRatio() {
    var batch = PolicyObjectiveTests.batch
    batch.advantage = [0, 0, 0, 0, 0]
    let penalty = KLPenalty(coefficient: 0.04, weighting: .ratio)
    let beside = PolicyObjective(surrogate: .gmpo(GMPO(epsilonLow: 0.25)), klPenalty: penalty)(
      batch)
    let plain = PolicyObjective(surrogate: .ratio, klPenalty: penalty)(batch)
    #expect(beside.loss == plain.loss && beside.dLogProb == plain.dLogProb)
  }
}

import Formats
import Foundation
import PolicyOptimization

/// A file of cases: options, per-token numbers, and what TRL computes from them.
struct LossFixture {
  struct Case {
    var objective: PolicyObjective
    var batch: ObjectiveBatch
    var loss: Double
    var dLogProb: [Double]
    var dEntropy: [Double]?
    var metrics: [(name: String, value: Double)]
  }

  struct Malformed: Error, CustomStringConvertible {
    var description: String
  }

  var name: String
  var cases: [Case]

  /// This folder's fixture, then those under GRPO_FIXTURES by name.
  static func paths() -> [String] {
    var folders = [Bundle.module.resourceURL?.appending(path: "Fixtures/losses")]
    if let extra = ProcessInfo.processInfo.environment["GRPO_FIXTURES"] {
      folders.append(URL(filePath: extra).appending(path: "losses"))
    }
    return folders.compactMap(\.self).flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { $0.hasSuffix(".json") }.sorted().map { folder.appending(path: $0).path }
    }
  }

  init(path: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    name = path.split(separator: "/").suffix(2).joined(separator: "/")
    guard let cases = try JSON(parsing: bytes, file: path)["cases"]?.array else {
      throw Malformed(description: "\(path): no cases")
    }
    self.cases = try cases.map(Case.init(json:))
  }
}

extension LossFixture.Case {
  init(json: JSON) throws {
    let mask = try Self.rows(json, "mask").map { $0.map { $0 == 1 } }
    // Rows are padded; a completion ends with its last unmasked token.
    let counts = mask.map { row in (row.lastIndex(of: true) ?? -1) + 1 }
    func tokens(_ rows: [[Double]]) -> [Double] {
      zip(rows, counts).flatMap { $0.prefix($1) }
    }
    guard let advantages = json["advantages"]?.array?.compactMap(\.double),
      let expected = json["expected"], let loss = expected["loss"]?.double,
      let options = json["options"]?.object,
      let maximumTokens = json["max_completion_length"]?.int, advantages.count == counts.count
    else { throw LossFixture.Malformed(description: "a case without its fields") }

    var completions: [Range<Int>] = []
    for count in counts {
      let start = completions.last?.upperBound ?? 0
      completions.append(start..<start + count)
    }
    batch = ObjectiveBatch(
      completions: completions,
      logProb: tokens(try Self.rows(json, "logprobs")),
      oldLogProb: tokens(try Self.rows(json, "old_logprobs")),
      referenceLogProb: tokens(try Self.rows(json, "ref_logprobs")),
      entropy: tokens(try Self.rows(json, "entropies")),
      advantage: zip(advantages, counts).flatMap { Array(repeating: $0, count: $1) },
      mask: zip(mask, counts).flatMap { $0.prefix($1) })
    self.loss = loss
    dLogProb = tokens(try Self.rows(expected, "grad_logprobs"))
    // null where the loss does not depend on entropy.
    dEntropy =
      expected["grad_entropies"]?.array == nil
      ? nil : tokens(try Self.rows(expected, "grad_entropies"))
    metrics = (expected["metrics"]?.object?.entries ?? []).compactMap { name, value in
      value.double.map { (name, $0) }
    }
    objective = try Self.objective(options, maximumTokens: maximumTokens)
  }

  /// The objective that TRL's options describe.
  private static func objective(_ options: JSONObject, maximumTokens: Int) throws
    -> PolicyObjective
  {
    func number(_ name: String) -> Double? { options[name]?.double }
    let known: Set = [
      "beta", "epsilon", "epsilon_high", "delta", "loss_type", "importance_sampling_level",
      "use_bias_correction_kl", "top_entropy_quantile", "entropy_coef",
      "off_policy_mask_threshold",
    ]
    if let unknown = options.entries.map(\.key).first(where: { !known.contains($0) }) {
      throw LossFixture.Malformed(description: "no such option: \(unknown)")
    }
    let clipped = Surrogate.clipped(
      ClippedSurrogate(
        epsilonLow: number("epsilon") ?? 0.2, epsilonHigh: number("epsilon_high"),
        delta: number("delta")))
    let form: (surrogate: Surrogate, aggregation: Aggregation)
    switch options["loss_type"]?.string {
    case "grpo": form = (clipped, .sequenceMean)
    case "bnpo", "dapo": form = (clipped, .tokenMean)
    case "dr_grpo": form = (clipped, .constantLength(maximumTokens))
    case "luspo": form = (clipped, .sequenceSum)
    case "cispo":
      form = (.cispo(CISPO(maximumRatio: number("epsilon_high") ?? .nan)), .tokenMean)
    case "sapo": form = (.sapo(SAPO()), .sequenceMean)
    case "vespo": form = (.vespo(VESPO()), .tokenMean)
    case let other: throw LossFixture.Malformed(description: "no such loss_type: \(other ?? "")")
    }
    let beta = number("beta") ?? 0
    let weighting: KLPenalty.Weighting =
      options["use_bias_correction_kl"]?.bool == false ? .plain : .ratio
    return PolicyObjective(
      ratioLevel: options["importance_sampling_level"]?.string == "sequence" ? .sequence : .token,
      surrogate: form.surrogate,
      klPenalty: beta == 0 ? nil : KLPenalty(coefficient: beta, weighting: weighting),
      aggregation: form.aggregation,
      entropyBonus: number("entropy_coef").map { EntropyBonus(coefficient: $0) },
      offPolicyMask: number("off_policy_mask_threshold").map {
        OffPolicySequenceMask(threshold: $0)
      },
      entropyMask: number("top_entropy_quantile").map { HighEntropyMask(quantile: $0) })
  }

  private static func rows(_ json: JSON, _ key: String) throws -> [[Double]] {
    guard let rows = json[key]?.array else {
      throw LossFixture.Malformed(description: "a case without \(key)")
    }
    return rows.map { $0.array?.compactMap(\.double) ?? [] }
  }
}

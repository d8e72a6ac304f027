import Foundation
import LanguageModel

/// The model once more, in `Double` and as plainly as possible: one sequence at a time, no cache,
/// no packing, nothing shared.
struct ReferenceModel {
  let configuration: ModelConfiguration
  private var tensors: [String: [Double]] = [:]

  /// - Parameter flat: Every tensor's numbers, row-major, in the order of the layout.
  init(_ configuration: ModelConfiguration, flat: [Double]) {
    self.configuration = configuration
    var start = 0
    for tensor in ParameterLayout(configuration).tensors {
      let count = tensor.shape.reduce(1, *)
      tensors[tensor.name] = Array(flat[start..<start + count])
      start += count
    }
  }

  private func tensor(_ name: String) -> [Double] { tensors[name] ?? [] }

  private func multiply(_ name: String, _ x: [Double]) -> [Double] {
    let weight = tensor(name)
    return (0..<weight.count / x.count).map { row in
      var sum = 0.0
      for k in x.indices { sum += weight[row * x.count + k] * x[k] }
      return sum
    }
  }

  private func normalize(_ name: String, _ x: [Double]) -> [Double] {
    let meanSquare = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let scale = 1 / (meanSquare + configuration.normEpsilon).squareRoot()
    return zip(tensor(name), x).map { $0 * $1 * scale }
  }

  private func rotate(_ x: [Double], position: Int) -> [Double] {
    let (size, half) = (configuration.headSize, configuration.headSize / 2)
    return x.indices.map { k in
      let i = k % size % half
      let angle = Double(position) * pow(configuration.ropeTheta, -2 * Double(i) / Double(size))
      return k % size < half
        ? x[k] * cos(angle) - x[k + half] * sin(angle)
        : x[k] * cos(angle) + x[k - half] * sin(angle)
    }
  }

  private func attend(_ query: [Double], _ keys: [[Double]], _ values: [[Double]]) -> [Double] {
    let (size, heads) = (configuration.headSize, configuration.attentionHeads)
    let group = heads / configuration.keyValueHeads
    return (0..<heads).flatMap { head -> [Double] in
      let shift = head / group * size
      let weights = keys.map { key in
        var score = 0.0
        for i in 0..<size { score += query[head * size + i] * key[shift + i] }
        return exp(score / Double(size).squareRoot())
      }
      let total = weights.reduce(0, +)
      return (0..<size).map { i in
        zip(weights, values).reduce(0) { $0 + $1.0 * $1.1[shift + i] } / total
      }
    }
  }

  /// The residual stream out of the last layer.
  func stream(_ tokens: [Int]) -> [[Double]] {
    let width = configuration.hiddenSize
    let table = tensor("model.embed_tokens.weight")
    var stream = tokens.map { Array(table[$0 * width..<($0 + 1) * width]) }
    for layer in 0..<configuration.layers {
      let prefix = "model.layers.\(layer)."
      let normed = stream.map { normalize(prefix + "input_layernorm.weight", $0) }
      func project(_ name: String) -> [[Double]] {
        normed.map { multiply(prefix + "self_attn.\(name).weight", $0) }
      }
      let queries = project("q_proj").enumerated().map { rotate($1, position: $0) }
      let keys = project("k_proj").enumerated().map { rotate($1, position: $0) }
      let values = project("v_proj")
      for t in stream.indices {
        let mixed = attend(queries[t], Array(keys[...t]), Array(values[...t]))
        add(multiply(prefix + "self_attn.o_proj.weight", mixed), to: &stream[t])
        let middle = normalize(prefix + "post_attention_layernorm.weight", stream[t])
        let gate = multiply(prefix + "mlp.gate_proj.weight", middle)
        let up = multiply(prefix + "mlp.up_proj.weight", middle)
        let activated = zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
        add(multiply(prefix + "mlp.down_proj.weight", activated), to: &stream[t])
      }
    }
    return stream
  }

  /// The logits after each token.
  func logits(_ tokens: [Int]) -> [[Double]] {
    let head =
      configuration.tiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"
    return stream(tokens).map { multiply(head, normalize("model.norm.weight", $0)) }
  }

  private func add(_ x: [Double], to y: inout [Double]) {
    for i in y.indices { y[i] += x[i] }
  }

  /// Per completion token of a batch, in canonical order: log p of every id it could be, and which of
  /// them it is.
  func distributions(
    _ batch: TokenBatch, temperature: Double
  ) -> [(logProbs: [Double], token: Int)] {
    batch.questions.flatMap { question in
      question.completions.flatMap { completion in
        let rows = logits(question.prompt + completion.tokens)
        return completion.tokens.enumerated().map { t, token in
          let z = rows[question.prompt.count + t - 1].map { $0 / temperature }
          let support = completion.supports?[t].map(Int.init) ?? Array(z.indices)
          let logSum = log(support.reduce(0) { $0 + exp(z[$1]) })
          return (support.map { z[$0] - logSum }, support.firstIndex(of: token) ?? -1)
        }
      }
    }
  }

  /// log p and entropy of every completion token of a batch, in canonical order.
  func score(
    _ batch: TokenBatch, temperature: Double
  ) -> (logProbs: [Double], entropies: [Double]) {
    let all = distributions(batch, temperature: temperature)
    return (
      all.map { $0.logProbs[$0.token] },
      all.map { $0.logProbs.reduce(0) { $0 - exp($1) * $1 } }
    )
  }

  /// KL(self‖other) before every completion token.
  func divergences(
    from other: ReferenceModel, _ batch: TokenBatch, temperature: Double
  ) -> [Double] {
    zip(
      distributions(batch, temperature: temperature),
      other.distributions(batch, temperature: temperature)
    ).map { p, q in
      zip(p.logProbs, q.logProbs).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
    }
  }

  /// w·n(h) before every completion token.
  func values(_ batch: TokenBatch, weight: [Double]) -> [Double] {
    batch.questions.flatMap { question in
      question.completions.flatMap { completion in
        let rows = stream(question.prompt + completion.tokens)
        return completion.tokens.indices.map { t in
          zip(weight, normalize("model.norm.weight", rows[question.prompt.count + t - 1])).reduce(
            0
          ) { $0 + $1.0 * $1.1 }
        }
      }
    }
  }
}

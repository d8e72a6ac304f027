internal import Formats
internal import Kernels
internal import LanguageModel

/// A scalar head with the moments that AdamW keeps for it.
struct ScalarHeadOptimizer {
  let head: ScalarHead
  private let optimizer: AdamW

  init(_ head: ScalarHead) {
    self.head = head
    optimizer = AdamW(count: head.weight.buffer.count)
  }

  static let adam = AdamW.Coefficients(
    beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0)

  /// Moves the head by its gradient, which is then zero.
  func update(
    count: Int, learningRate: Double, gradientScale: Float = 1, workers: Workers
  ) {
    optimizer.update(
      head.weight.buffer, gradient: head.gradient.buffer, gradientScale: gradientScale,
      update: count, learningRate: learningRate, coefficients: Self.adam, decayed: [],
      workers: workers)
    head.gradient.buffer.fill()
  }

  private var tensors: [(name: String, weight: PackedWeight)] {
    func view(_ numbers: FloatBuffer) -> PackedWeight {
      PackedWeight(
        buffer: numbers, offset: 0, outputs: head.weight.outputs, inputs: head.weight.inputs)
    }
    return [
      (ScalarHead.tensorName, head.weight), ("first_moment", view(optimizer.firstMoment)),
      ("second_moment", view(optimizer.secondMoment)),
    ]
  }

  /// Weights and moments as a safetensors file.
  func encoded() throws(FormatError) -> [UInt8] {
    var encoded: [(name: String, shape: [Int], values: [Float])] = []
    for (name, weight) in tensors {
      encoded.append((name, [1, weight.inputs], (0..<weight.inputs).map { weight[0, $0] }))
    }
    return try Safetensors.encode(encoded)
  }

  func restore(_ file: Safetensors, file name: String) throws(FormatError) {
    for (tensor, weight) in tensors {
      guard let found = file.tensor(named: tensor), found.shape == [1, weight.inputs] else {
        throw FormatError(
          file: name, field: tensor, message: "is missing, or not [1, \(weight.inputs)]")
      }
      for (i, value) in try file.floats(found).enumerated() { weight[0, i] = value }
    }
  }
}

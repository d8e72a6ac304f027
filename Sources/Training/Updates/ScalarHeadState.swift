internal import Formats
internal import Kernels
internal import LanguageModel

/// A scalar head with the moments that AdamW keeps for it, as a checkpoint holds them.
struct ScalarHeadState {
  let head: ScalarHead
  let moments: AdamW

  private var tensors: [(name: String, weight: PackedWeight)] {
    func view(_ numbers: FloatBuffer) -> PackedWeight {
      PackedWeight(
        buffer: numbers, offset: 0, outputs: head.weight.outputs, inputs: head.weight.inputs)
    }
    return [
      (ScalarHead.tensorName, head.weight), ("first_moment", view(moments.firstMoment)),
      ("second_moment", view(moments.secondMoment)),
    ]
  }

  /// Weights and moments as a safetensors file.
  func encoded(_ file: String) throws(FormatError) -> [UInt8] {
    var encoded: [(name: String, shape: [Int], values: [Float])] = []
    for (name, weight) in tensors {
      encoded.append((name, [1, weight.inputs], (0..<weight.inputs).map { weight[0, $0] }))
    }
    return try Safetensors.encodeFinite(encoded, file: file)
  }

  func restore(_ file: Safetensors) throws(FormatError) {
    for (tensor, weight) in tensors {
      guard let found = file.tensor(named: tensor), found.shape == [1, weight.inputs] else {
        throw FormatError(
          "is missing, or not [1, \(weight.inputs)]", file: file.file, field: tensor)
      }
      for (i, value) in try file.finiteFloats(found).enumerated() { weight[0, i] = value }
    }
  }
}

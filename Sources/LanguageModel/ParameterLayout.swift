internal import Kernels

/// Where each tensor of a model lies in one flat buffer.
///
/// Matrices are stored in panels (`PackedWeight`), vectors as one padded row; every tensor starts at
/// a multiple of 16 floats. Weights, gradients and both moments of the optimizer share this layout.
package struct ParameterLayout: Sendable {
  package struct Tensor: Sendable {
    /// The name in a Hugging Face checkpoint.
    package let name: String
    /// [outputs, inputs] of a matrix, [channels] of a gain.
    package let shape: [Int]
    package let offset: Int
    package var isMatrix: Bool { shape.count == 2 }

    /// Floats in the buffer, padding included.
    package var count: Int {
      isMatrix ? shape[0].roundedUp(to: 16) * shape[1] : shape[0].roundedUp(to: 16)
    }
  }

  static let (embedding, head) = ("model.embed_tokens.weight", "lm_head.weight")

  package private(set) var tensors: [Tensor] = []
  package private(set) var count = 0

  package init(_ c: ModelConfiguration) {
    append(Self.embedding, [c.vocabularySize, c.hiddenSize])
    for layer in 0..<c.layers {
      let prefix = "model.layers.\(layer)."
      append(prefix + "input_layernorm.weight", [c.hiddenSize])
      append(prefix + "self_attn.q_proj.weight", [c.queryWidth, c.hiddenSize])
      append(prefix + "self_attn.k_proj.weight", [c.keyWidth, c.hiddenSize])
      append(prefix + "self_attn.v_proj.weight", [c.keyWidth, c.hiddenSize])
      append(prefix + "self_attn.o_proj.weight", [c.hiddenSize, c.queryWidth])
      append(prefix + "post_attention_layernorm.weight", [c.hiddenSize])
      append(prefix + "mlp.gate_proj.weight", [c.intermediateSize, c.hiddenSize])
      append(prefix + "mlp.up_proj.weight", [c.intermediateSize, c.hiddenSize])
      append(prefix + "mlp.down_proj.weight", [c.hiddenSize, c.intermediateSize])
    }
    append("model.norm.weight", [c.hiddenSize])
    if !c.tiedEmbeddings { append(Self.head, [c.vocabularySize, c.hiddenSize]) }
  }

  private mutating func append(_ name: String, _ shape: [Int]) {
    let tensor = Tensor(name: name, shape: shape, offset: count)
    tensors.append(tensor)
    count += tensor.count
  }

  /// Numbers that the model learns, without padding.
  package var parameterCount: Int { tensors.map { $0.shape.reduce(1, *) }.reduce(0, +) }

  /// The ranges of the matrices, joined where they touch.
  package var matrixRanges: [Range<Int>] {
    var ranges: [Range<Int>] = []
    for tensor in tensors where tensor.isMatrix {
      if let last = ranges.last, last.upperBound == tensor.offset {
        ranges[ranges.count - 1] = last.lowerBound..<tensor.offset + tensor.count
      } else {
        ranges.append(tensor.offset..<tensor.offset + tensor.count)
      }
    }
    return ranges
  }
}

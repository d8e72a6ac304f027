import LanguageModel
import Testing

@Suite struct ParameterLayoutTests {
  @Test func theLayoutNamesEveryTensorOfTheCheckpoint() {
    let layout = ParameterLayout(TinyPolicy.configuration(tied: false))
    var expected: [(String, [Int])] = [("model.embed_tokens.weight", [77, 36])]
    for layer in 0..<3 {
      expected += [
        ("input_layernorm", [36]), ("self_attn.q_proj", [60, 36]),
        ("self_attn.k_proj", [20, 36]), ("self_attn.v_proj", [20, 36]),
        ("self_attn.o_proj", [36, 60]), ("post_attention_layernorm", [36]),
        ("mlp.gate_proj", [52, 36]), ("mlp.up_proj", [52, 36]), ("mlp.down_proj", [36, 52]),
      ].map { ("model.layers.\(layer).\($0.0).weight", $0.1) }
    }
    expected += [("model.norm.weight", [36]), ("lm_head.weight", [77, 36])]
    #expect(layout.tensors.map(\.name) == expected.map(\.0))
    #expect(layout.tensors.map(\.shape) == expected.map(\.1))
    #expect(layout.parameterCount == expected.reduce(0) { $0 + $1.1.reduce(1, *) })
    let tied = ParameterLayout(TinyPolicy.configuration(tied: true))
    #expect(tied.tensors.map(\.name) == expected.dropLast().map(\.0))
  }

  @Test(arguments: [false, true]) func tensorsLieOneAfterTheOtherOnWholeVectors(tied: Bool) {
    let layout = ParameterLayout(TinyPolicy.configuration(tied: tied))
    var end = 0
    for tensor in layout.tensors {
      #expect(tensor.offset == end && tensor.offset % 16 == 0)
      #expect(tensor.count >= tensor.shape.reduce(1, *))
      end += tensor.count
    }
    #expect(end == layout.count)
  }

  /// Matrices decay, gains do not.
  @Test(arguments: [false, true]) func theRangesOfMatricesLeaveOutTheGains(tied: Bool) {
    let layout = ParameterLayout(TinyPolicy.configuration(tied: tied))
    let ranges = layout.matrixRanges
    for tensor in layout.tensors {
      let inside = ranges.contains { $0.contains(tensor.offset) }
      #expect(inside == tensor.isMatrix, "\(tensor.name)")
    }
    let matrices = layout.tensors.filter(\.isMatrix).reduce(0) { $0 + $1.count }
    #expect(ranges.reduce(0) { $0 + $1.count } == matrices)
    // In ascending order, apart, on whole vectors.
    for (a, b) in zip(ranges, ranges.dropFirst()) { #expect(a.upperBound < b.lowerBound) }
    #expect(ranges.allSatisfy { $0.lowerBound % 16 == 0 && $0.upperBound % 16 == 0 })
  }
}

import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct ParametersTests {
  @Test(arguments: [false, true]) func whatIsSetIsRead(tied: Bool) {
    let parameters = Parameters(TinyPolicy.configuration(tied: tied))
    var rng = SplitMix64(seed: 8)
    let values = parameters.layout.tensors.map { tensor in
      [Float].uniform(tensor.shape.reduce(1, *), using: &rng)
    }
    for (tensor, values) in zip(parameters.layout.tensors, values) {
      parameters.set(tensor, values)
    }
    for (tensor, values) in zip(parameters.layout.tensors, values) {
      #expect(bitDifference(parameters.values(tensor), values) == nil, "\(tensor.name)")
    }
    // The sum over the buffer is that over the tensors: what pads them is zero.
    let all = (0..<parameters.buffer.count).reduce(0.0) {
      $0 + abs(Double(parameters.buffer[$1]))
    }
    let named = parameters.flat.reduce(0.0) { $0 + abs(Double($1)) }
    #expect(relativeError(all, named) < 1e-12)
  }

  /// The views that the transformer reads are the tensors of these names.
  @Test func viewsAreTheTensorsOfTheirNames() {
    let parameters = Parameters(TinyPolicy.configuration(tied: false))
    for (number, tensor) in parameters.layout.tensors.enumerated() {
      parameters.set(tensor, .init(repeating: Float(number), count: tensor.shape.reduce(1, *)))
    }
    #expect(parameters.embedding[76, 35] == 0 && parameters.head[76, 35] == 29)
    for (i, layer) in parameters.layers.enumerated() {
      let first = Float(1 + 9 * i)
      #expect(layer.inputNorm[0, 35] == first && layer.feedForwardNorm[0, 35] == first + 5)
      #expect(layer.query[59, 35] == first + 1 && layer.key[19, 35] == first + 2)
      #expect(layer.value[19, 35] == first + 3 && layer.output[35, 59] == first + 4)
      #expect(layer.gate[51, 35] == first + 6 && layer.up[51, 35] == first + 7)
      #expect(layer.down[35, 51] == first + 8)
    }
    #expect(parameters.norm[0, 35] == 28)
    let tied = Parameters(TinyPolicy.configuration(tied: true))
    tied.embedding[5, 3] = 2.5
    #expect(tied.head[5, 3] == 2.5)
  }

  @Test func firstWeightsFollowTheConfigurationAndTheSeed() {
    let c = ModelConfiguration(
      vocabularySize: 300, hiddenSize: 60, layers: 1, attentionHeads: 2, keyValueHeads: 1,
      intermediateSize: 90, maximumPositions: 32, tiedEmbeddings: false, initializerRange: 0.05)
    let parameters = Parameters(c, seed: 3)
    for tensor in parameters.layout.tensors {
      let values = parameters.values(tensor).doubles
      if !tensor.isMatrix {
        #expect(values.allSatisfy { $0 == 1 })
        continue
      }
      let n = Double(values.count)
      let (mean, square) = (
        values.reduce(0, +) / n, values.reduce(0) { $0 + $1 * $1 } / n / (0.05 * 0.05)
      )
      // Deviations 0.05/√n of the mean, √(2/n) of the mean square.
      #expect(abs(mean) < 5 * 0.05 / n.squareRoot(), "\(tensor.name)")
      #expect(abs(square - 1) < 5 * (2 / n).squareRoot(), "\(tensor.name)")
    }
    #expect(bitDifference(parameters.flat, Parameters(c, seed: 3).flat) == nil)
    #expect(bitDifference(parameters.flat, Parameters(c, seed: 4).flat) != nil)
    // No two tensors share their numbers.
    let firsts = parameters.layout.tensors.filter(\.isMatrix).map { parameters.values($0)[0] }
    #expect(Set(firsts).count == firsts.count)
  }
}

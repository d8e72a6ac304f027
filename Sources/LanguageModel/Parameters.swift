package import Kernels

/// The numbers of a model, or of its gradient: one buffer and views of every tensor in it.
package struct Parameters: Sendable {
  package struct Layer: Sendable {
    package let inputNorm: Matrix
    package let query: PackedWeight
    package let key: PackedWeight
    package let value: PackedWeight
    package let output: PackedWeight
    package let feedForwardNorm: Matrix
    package let gate: PackedWeight
    package let up: PackedWeight
    package let down: PackedWeight
  }

  package let layout: ParameterLayout
  package let buffer: FloatBuffer
  package let embedding: PackedWeight
  package let layers: [Layer]
  package let norm: Matrix
  /// The embedding itself when the two are tied.
  package let head: PackedWeight
  package let configuration: ModelConfiguration

  /// All numbers zero.
  package init(_ configuration: ModelConfiguration) {
    self.init(
      configuration, viewing: FloatBuffer(count: ParameterLayout(configuration).count))
  }

  /// Numbers that lie in the layout of this configuration in an existing buffer.
  package init(_ configuration: ModelConfiguration, viewing buffer: FloatBuffer) {
    (self.configuration, self.buffer) = (configuration, buffer)
    layout = ParameterLayout(configuration)
    precondition(buffer.count == layout.count)
    // The order of the layout, taken once from front to back.
    var rest = layout.tensors[...]
    func matrix() -> PackedWeight { PackedWeight(rest.removeFirst(), in: buffer) }
    func gain() -> Matrix {
      let t = rest.removeFirst()
      return Matrix(buffer: buffer, offset: t.offset, rows: 1, columns: t.shape[0])
    }
    let embedding = matrix()
    self.embedding = embedding
    layers = (0..<configuration.layers).map { _ in
      Layer(
        inputNorm: gain(), query: matrix(), key: matrix(), value: matrix(), output: matrix(),
        feedForwardNorm: gain(), gate: matrix(), up: matrix(), down: matrix())
    }
    norm = gain()
    head = configuration.tiedEmbeddings ? embedding : matrix()
  }

  /// First weights: gains 1, matrices normal with the configuration's standard deviation.
  package init(_ configuration: ModelConfiguration, seed: UInt64) {
    self.init(configuration)
    let key = RandomKey(seed: seed, purpose: .initialization)
    for (index, tensor) in layout.tensors.enumerated() {
      let count = tensor.shape.reduce(1, *)
      let values: [Float] =
        tensor.isMatrix
        ? (0..<count).map {
          Float(configuration.initializerRange * key.normal(row: index, position: $0))
        } : Array(repeating: 1, count: count)
      set(tensor, values)
    }
  }

  /// The same numbers in a buffer of their own.
  package func copy() -> Parameters {
    let copy = Parameters(configuration)
    copy.buffer.copy(from: buffer)
    return copy
  }

  /// Whether no number has overflowed.
  package func isFinite(_ workers: Workers) -> Bool {
    // The sum of as many squares of Floats as memory holds is finite in double precision.
    buffer.euclideanNorm(workers).isFinite
  }

  /// The tensor's numbers, row-major.
  package func values(_ tensor: ParameterLayout.Tensor) -> [Float] {
    guard tensor.isMatrix else { return (0..<tensor.shape[0]).map { buffer[tensor.offset + $0] } }
    let weight = PackedWeight(tensor, in: buffer)
    var values: [Float] = []
    values.reserveCapacity(weight.outputs * weight.inputs)
    for output in 0..<weight.outputs {
      for input in 0..<weight.inputs { values.append(weight[output, input]) }
    }
    return values
  }

  /// Overwrites a tensor with row-major numbers.
  package func set(_ tensor: ParameterLayout.Tensor, _ values: [Float]) {
    precondition(values.count == tensor.shape.reduce(1, *))
    guard tensor.isMatrix else {
      for (i, value) in values.enumerated() { buffer[tensor.offset + i] = value }
      return
    }
    let weight = PackedWeight(tensor, in: buffer)
    for (i, value) in values.enumerated() { weight[i / weight.inputs, i % weight.inputs] = value }
  }
}

extension PackedWeight {
  /// A view of a matrix.
  fileprivate init(_ tensor: ParameterLayout.Tensor, in buffer: FloatBuffer) {
    self.init(
      buffer: buffer, offset: tensor.offset, outputs: tensor.shape[0], inputs: tensor.shape[1])
  }
}

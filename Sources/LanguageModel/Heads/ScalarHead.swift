package import Formats
package import Kernels

/// A head that reads one number off a row: a value function V(s), or a score.
///
///     value = w · n(h)
///
/// n is the last norm of the transformer it stands on, which may be the policy's or one of its own.
/// V(s_t) is read at the row that predicts token t: the state before that token. The layout is that of
/// a product with one output, without bias. Shapes: w and its gradient: [1, C].
package struct ScalarHead: Sendable {
  /// The tensor's name in a Hugging Face checkpoint (`LlamaForSequenceClassification`).
  package static let tensorName = "score.weight"

  package let weight: PackedWeight
  package let gradient: PackedWeight

  /// All weights zero, so that every value is.
  package init(_ configuration: ModelConfiguration) {
    func zeros() -> PackedWeight {
      PackedWeight(
        buffer: FloatBuffer(count: 16 * configuration.hiddenSize), offset: 0, outputs: 1,
        inputs: configuration.hiddenSize)
    }
    (weight, gradient) = (zeros(), zeros())
  }

  package var values: [Float] { (0..<weight.inputs).map { weight[0, $0] } }

  package func set(_ values: [Float]) {
    precondition(values.count == weight.inputs)
    for (i, value) in values.enumerated() { weight[0, i] = value }
  }

  /// Reads the weights from `score.weight`, whatever else the file holds.
  ///
  /// - Throws: `FormatError` naming the tensor, if it is missing, of another shape or not finite.
  package func load(_ file: Safetensors) throws(FormatError) {
    let (name, shape) = (ScalarHead.tensorName, [1, weight.inputs])
    guard let tensor = file.tensor(named: name) else {
      throw FormatError("missing tensor \(name)", file: file.file)
    }
    if tensor.shape != shape {
      throw FormatError("has shape \(tensor.shape) (need \(shape))", file: file.file, field: name)
    }
    set(try file.finiteFloats(tensor))
  }

  /// The value at each of `rows`, rows of `a` that the last forward call computed, of all, or that are
  /// kept: [R, 1].
  func forward(
    _ transformer: Transformer, _ p: Parameters, _ a: Activations, rows: [Int32]
  ) -> Matrix {
    let values = Matrix(rows: rows.count, columns: 1)
    let scales = FloatBuffer(count: a.output.rows)
    let (output, weight) = (a.output, weight)
    transformer.workers.forEachChunk(of: rows.indices) { chunk, worker in
      let normed = transformer.scratch[worker].normed
      for (i, row) in rows[chunk].enumerated() {
        let source = Int(row)
        RMSNorm.forward(
          normed, yFirst: i, rstd: scales, output, rows: source..<source + 1, gain: p.norm,
          epsilon: transformer.epsilon)
      }
      Linear.forward(values, normed, rows: chunk, xFirst: 0, weight: weight)
    }
    return values
  }
}

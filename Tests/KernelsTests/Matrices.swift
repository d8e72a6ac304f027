import Kernels
import TestSupport

extension Matrix {
  /// A matrix of row-major numbers.
  init(_ values: [Float], columns: Int) {
    self.init(rows: values.count / columns, columns: columns)
    for (i, value) in values.enumerated() { self[i / columns, i % columns] = value }
  }

  /// The numbers, row-major, without the lanes past the columns.
  var values: [Float] { (0..<rows * columns).map { self[$0 / columns, $0 % columns] } }

  /// Whether the lanes past the columns hold zeros.
  var paddingIsZero: Bool {
    (0..<rows).allSatisfy { row in
      (columns..<stride).allSatisfy { buffer[offset + row * stride + $0].bitPattern == 0 }
    }
  }
}

extension PackedWeight {
  /// A weight of row-major numbers.
  init(_ values: [Float], inputs: Int) {
    let outputs = values.count / inputs
    let buffer = FloatBuffer(count: outputs.roundedUp(to: 16) * inputs)
    self.init(buffer: buffer, offset: 0, outputs: outputs, inputs: inputs)
    for (i, value) in values.enumerated() { self[i / inputs, i % inputs] = value }
  }

  /// The numbers, row-major.
  var values: [Float] { (0..<outputs * inputs).map { self[$0 / inputs, $0 % inputs] } }

  /// Whether the lanes past the outputs hold zeros.
  var paddingIsZero: Bool {
    (0..<count).allSatisfy { index in
      index / (16 * inputs) * 16 + index % 16 < outputs || buffer[offset + index].bitPattern == 0
    }
  }
}

extension FloatBuffer {
  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    for (i, value) in values.enumerated() { self[i] = value }
  }

  var values: [Float] { (0..<count).map { self[$0] } }
}

/// The largest |a − b|, relative to the largest |b| or 1.
func worstError(_ a: [Float], _ b: [Double]) -> Double {
  precondition(a.count == b.count)
  let scale = b.reduce(1) { max($0, abs($1)) }
  return zip(a, b).reduce(0) { max($0, abs(Double($1.0) - $1.1) / scale) }
}

/// How far ⟨gradient, t⟩ is from the derivative of `f` at `x` along t, for random directions t.
func gradientError(
  of f: ([Double]) -> Double, at x: [Float], gradient: [Float], seed: UInt64 = 11
) -> Double {
  var rng = SplitMix64(seed: seed)
  var worst = 0.0
  for _ in 0..<3 {
    let tangent: [Double] = .uniform(x.count, using: &rng)
    let numerical = directionalDerivative(of: f, at: x.doubles, along: tangent)
    let analytical = zip(gradient, tangent).reduce(0) { $0 + Double($1.0) * $1.1 }
    worst = max(worst, relativeError(numerical, analytical))
  }
  return worst
}

/// How far a kernel's tangent is from the central differences of `f` at `x` along `t`, relative to the
/// largest of them or 1.
func tangentError(
  of f: ([Double]) -> [Double], at x: [Float], along t: [Float], tangent: [Float]
) -> Double {
  let h = 1e-5
  let after = f(zip(x, t).map { Double($0) + h * Double($1) })
  let before = f(zip(x, t).map { Double($0) - h * Double($1) })
  return worstError(tangent, zip(after, before).map { ($0 - $1) / (2 * h) })
}

/// How far ⟨dy, J t⟩ is from ⟨Jᵀ dy, t⟩, in units of what the second is when its terms have random
/// signs.
func transposeError(dy: [Float], tangent: [Float], gradient: [Float], along t: [Float]) -> Double {
  precondition(dy.count == tangent.count && gradient.count == t.count)
  let terms = zip(gradient, t).map { Double($0) * Double($1) }
  let scale = terms.reduce(0) { $0 + $1 * $1 }.squareRoot()
  return abs(dot(dy, tangent.doubles) - terms.reduce(0, +)) / max(scale, 1e-3)
}

func dot(_ a: [Float], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * $1.1 } }

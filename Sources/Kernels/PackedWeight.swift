/// A weight W: [outputs, inputs] stored in panels of 16 outputs, [outputs/16][inputs][16].
///
/// The lanes past `outputs` in the last panel are zero. A gradient has the same layout, so the
/// optimizer runs over flat memory.
package struct PackedWeight: Sendable {
  package let buffer: FloatBuffer
  package let offset: Int
  package let outputs: Int
  package let inputs: Int

  package init(buffer: FloatBuffer, offset: Int, outputs: Int, inputs: Int) {
    (self.buffer, self.offset, self.outputs, self.inputs) = (buffer, offset, outputs, inputs)
    precondition(offset >= 0 && offset + count <= buffer.count)
  }

  package var panels: Int { (outputs + 15) / 16 }
  /// Panels of the transposed weight.
  package var inputPanels: Int { (inputs + 15) / 16 }
  package var count: Int { panels * inputs * 16 }

  /// The element in row `output`, column `input`.
  package subscript(output: Int, input: Int) -> Float {
    get { buffer[index(output, input)] }
    nonmutating set { buffer[index(output, input)] = newValue }
  }

  private func index(_ output: Int, _ input: Int) -> Int {
    precondition(0 <= output && output < outputs && 0 <= input && input < inputs)
    return offset + (output / 16 * inputs + input) * 16 + output % 16
  }

  // SAFETY: the buffer holds all panels from `offset` on, and lives as long as the weight.
  var pointer: UnsafeMutablePointer<Float> { unsafe buffer.pointer + offset }
}

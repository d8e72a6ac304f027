import CKernels
import TestSupport
import Testing

/// However many rows and panels a tile of a product has, a sum is one chain: the same bits.
@Suite struct LinearTests {
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 13, 48, 53, 100], [1, 2, 3, 4, 5, 9])
  func productsAreTheSameBits(rows: Int, panels: Int) {
    var rng = SplitMix64(seed: UInt64(rows * 100 + panels))
    for (depth, accumulate) in [(1, 0), (7, 1), (64, 0), (129, 1)] {
      let x = [Float].uniform(rows * (depth + 3), using: &rng)
      let b = [Float].uniform(panels * (16 * depth + 16), using: &rng)
      let y = [Float].uniform(rows * (16 * panels + 5), using: &rng)
      var (wide, narrow) = (y, y)
      // SAFETY: the arrays have the shapes that the header asks for, with strides a little larger.
      unsafe ck_linear_forward(
        &wide, 16 * panels + 5, x, depth + 3, b, 16 * depth + 16, rows, panels, depth,
        Int32(accumulate))
      unsafe ck_linear_forward_narrow(
        &narrow, 16 * panels + 5, x, depth + 3, b, 16 * depth + 16, rows, panels, depth,
        Int32(accumulate))
      #expect(bitDifference(wide, narrow) == nil)
      #expect(wide != y)
    }
  }

  @Test(arguments: [1, 5, 16, 17, 31, 48], [1, 2, 33])
  func weightGradientsAreTheSameBits(inputs: Int, rows: Int) {
    var rng = SplitMix64(seed: UInt64(inputs * 100 + rows))
    let (ld, panels) = (rows + 2, (inputs + 15) / 16)
    let x = [Float].uniform(panels * ld * 16, using: &rng)
    let dy = [Float].uniform(ld * 16, using: &rng)
    let g = [Float].uniform(16 * inputs, using: &rng)
    var (wide, narrow) = (g, g)
    // SAFETY: the arrays have the shapes that the header asks for.
    unsafe ck_linear_backward_weight(&wide, x, dy, ld, rows, inputs)
    unsafe ck_linear_backward_weight_narrow(&narrow, x, dy, ld, rows, inputs)
    #expect(bitDifference(wide, narrow) == nil)
    #expect(wide != g)
  }
}

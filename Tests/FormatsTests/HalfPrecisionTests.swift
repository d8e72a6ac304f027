import Formats
import Testing

@Suite struct HalfPrecisionTests {
  /// The oracle: IEEE 754's definition of binary16, in Double, where every step is exact.
  @Test func everyFloat16IsWidenedExactly() {
    for bits in UInt16.min...UInt16.max {
      let exponent = Int(bits >> 10 & 0x1F)
      let fraction = Double(bits & 0x3FF)
      let sign: Double = bits & 0x8000 == 0 ? 1 : -1
      let value = HalfPrecision.widenFloat16(bits)
      if exponent == 31 {
        #expect(fraction == 0 ? value == Float(sign * .infinity) : value.isNaN)
      } else {
        let magnitude =
          exponent == 0
          ? fraction * 0x1p-24
          : (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        #expect(Double(value) == sign * magnitude)
      }
      #expect(value.sign == (sign < 0 ? .minus : .plus))
    }
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func everyFloat16IsWhatTheStandardLibraryWidensItTo() {
      for bits in UInt16.min...UInt16.max {
        let expected = Float(Float16(bitPattern: bits))
        #expect(HalfPrecision.widenFloat16(bits).bitPattern == expected.bitPattern)
      }
    }
  #endif

  @Test func everyBFloat16IsTheUpperHalfOfAFloat() {
    for bits in UInt16.min...UInt16.max {
      #expect(HalfPrecision.widenBFloat16(bits).bitPattern == UInt32(bits) << 16)
    }
    #expect(HalfPrecision.widenBFloat16(0x3FC0) == 1.5)
    #expect(HalfPrecision.widenBFloat16(0x0001) == 0x1p-133)
  }
}

/// The bytes of a safetensors file with this header, unpadded, and `dataBytes` zeros.
func safetensors(_ header: String, dataBytes: Int) -> [UInt8] {
  safetensors(Array(header.utf8), data: [UInt8](repeating: 0, count: dataBytes))
}

func safetensors(_ header: [UInt8], data: [UInt8]) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
}

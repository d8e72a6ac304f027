extension Safetensors {
  /// The bytes of a file with these F32 tensors, as the reference writer makes them.
  ///
  /// Tensors are sorted by name, bytewise; the header is compact JSON padded with spaces to a
  /// multiple of eight. The same tensors give the same bytes in whatever order they come.
  ///
  /// - Throws: a `FormatError` for a duplicate name, a name over 512 bytes, the name
  ///   `__metadata__`, and a shape that does not fit its values.
  public static func encode(
    _ tensors: [(name: String, shape: [Int], values: [Float])],
    metadata: [(String, String)] = [("format", "pt")]
  ) throws(FormatError) -> [UInt8] {
    let sorted = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    var header = JSONObject()
    if !metadata.isEmpty {
      header["__metadata__"] = .object(JSONObject(metadata.map { ($0, .string($1)) }))
    }
    var offset = 0
    for tensor in sorted {
      try check(tensor.name, tensor.shape, tensor.values.count)
      let end = offset + 4 * tensor.values.count
      let entry: JSON = [
        "dtype": "F32", "shape": .array(tensor.shape.map(JSON.integer)),
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      guard header.appendIfNew(entry, for: tensor.name) else {
        throw fault(tensor.name, "two tensors have this name")
      }
      offset = end
    }
    var text = JSON.object(header).encodedBytes()
    text.append(contentsOf: repeatElement(0x20, count: (8 - text.count % 8) % 8))

    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + text.count + offset)
    for i in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: text.count >> (8 * i))) }
    bytes.append(contentsOf: text)
    for tensor in sorted {
      let words = tensor.values.map { $0.bitPattern.littleEndian }
      // SAFETY: the bytes of the words are read while the array is there.
      unsafe words.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  /// The bytes of a file of weights or moments, which is loaded only where every number is finite.
  ///
  /// All that a run saves of its numbers passes here.
  ///
  /// - Throws: as ``encode(_:metadata:)`` does; and a `FormatError` of kind `notFinite` with `file`,
  ///   the tensor and the index of the first number that is not finite.
  public static func encodeFinite(
    _ tensors: [(name: String, shape: [Int], values: [Float])], file: String
  ) throws(FormatError) -> [UInt8] {
    for tensor in tensors {
      // As whole numbers the bits of magnitudes have the order of the magnitudes, NaN the last, and
      // their maximum is found many at a time.
      let largest = tensor.values.reduce(UInt32(0)) { max($0, $1.magnitude.bitPattern) }
      if largest >= Float.infinity.bitPattern,
        let index = tensor.values.firstIndex(where: { !$0.isFinite })
      {
        throw FormatError(
          "is not finite at flat index \(index) (got \(tensor.values[index])); not saved",
          file: file, field: tensor.name, kind: .notFinite)
      }
    }
    return try encode(tensors)
  }

  private static func check(_ name: String, _ shape: [Int], _ values: Int) throws(FormatError) {
    guard name.utf8.count <= Limits().nameBytes, !name.hasSameBytes(as: "__metadata__") else {
      throw fault(name.quotedForMessage(), "cannot be a tensor's name")
    }
    guard shape.allSatisfy({ $0 >= 0 }), let count = count(of: shape) else {
      throw fault(name, "shape \(shape) is impossible")
    }
    guard count == values else {
      throw fault(name, "shape \(shape) has \(count) elements, got \(values) values")
    }
  }

  private static func fault(_ name: String, _ message: String) -> FormatError {
    FormatError(message, file: "safetensors", field: name)
  }
}

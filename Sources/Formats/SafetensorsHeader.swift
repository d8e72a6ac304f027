/// The validated header of a safetensors file.
struct SafetensorsHeader {
  private(set) var tensors: [Safetensors.Tensor] = []
  private(set) var metadata: [(String, String)] = []
  private let file: String
  private let limits: Safetensors.Limits

  init(bytes: [UInt8], file: String, limits: Safetensors.Limits) throws(FormatError) {
    (self.file, self.limits) = (file, limits)
    try ForeignFormat.refuse(bytes, file: file, need: "weights", as: .model)
    guard bytes.count >= 8 else {
      throw error(nil, "file too short (got \(bytes.count) bytes; need at least 8)")
    }
    var length: UInt64 = 0
    for i in 0..<8 { length |= UInt64(bytes[i]) << UInt64(8 * i) }
    guard length <= UInt64(bytes.count - 8) else {
      throw error(nil, "header length \(length) > file size \(bytes.count)")
    }
    guard length <= UInt64(limits.headerBytes) else {
      throw error(nil, "header too large (got \(length) bytes; need at most \(limits.headerBytes))")
    }
    let dataStart = 8 + Int(length)
    let root = try parse(bytes, 8..<dataStart)
    guard let root = root.object else {
      throw error(nil, "header is \(root.kindInWords); need an object")
    }
    guard root.count - (root["__metadata__"] == nil ? 0 : 1) <= limits.tensors else {
      throw error(nil, "too many tensors (got \(root.count); need at most \(limits.tensors))")
    }
    for (name, value) in root.entries {
      if name.hasSameBytes(as: "__metadata__") {
        try readMetadata(value)
      } else {
        let tensor = try tensor(
          name, value, dataStart: dataStart, dataBytes: bytes.count - dataStart)
        tensors.append(tensor)
      }
    }
    try requireContiguous(from: dataStart, to: bytes.count)
  }

  private func parse(_ bytes: [UInt8], _ range: Range<Int>) throws(FormatError) -> JSON {
    var parser = JSONParser(bytes: bytes, range: range, file: file, limits: JSON.Limits())
    do throws(FormatError) {
      return try parser.parseDocument()
    } catch {
      throw FormatError("header: " + error.message, file: file, field: error.field)
    }
  }

  private mutating func readMetadata(_ value: JSON) throws(FormatError) {
    if value.isNull { return }
    guard let members = value.object else {
      throw error("__metadata__", "got \(value.kindInWords); need an object of strings")
    }
    for (key, value) in members.entries {
      guard let text = value.string else {
        throw error("__metadata__.\(key)", "got \(value.kindInWords); need a string")
      }
      metadata.append((key, text))
    }
  }

  private func tensor(
    _ name: String, _ value: JSON, dataStart: Int, dataBytes: Int
  ) throws(FormatError) -> Safetensors.Tensor {
    guard name.utf8.count <= limits.nameBytes else {
      throw error(
        name.quotedForMessage(),
        "name too long (got \(name.utf8.count) bytes; need at most \(limits.nameBytes))")
    }
    guard let entry = value.object else {
      throw error(name, "got \(value.kindInWords); need an object")
    }
    let type = try elementType(entry["dtype"], name)
    let shape = try sizes(entry["shape"], name, "shape")
    guard shape.count <= limits.rank else {
      throw error(name, "too many dimensions (got \(shape.count); need at most \(limits.rank))")
    }
    let offsets = try sizes(entry["data_offsets"], name, "data_offsets")
    guard offsets.count == 2 else {
      throw error(name, "data_offsets: got \(offsets.count) numbers; need 2")
    }
    let (begin, end) = (offsets[0], offsets[1])
    guard begin <= end, end <= dataBytes else {
      throw error(name, "invalid offsets [\(begin), \(end)] (the data has \(dataBytes) bytes)")
    }
    guard let count = Safetensors.count(of: shape) else {
      throw error(name, "shape \(shape) overflows")
    }
    let (bits, overflow) = count.multipliedReportingOverflow(by: type.bits)
    guard !overflow else { throw error(name, "shape \(shape) overflows") }
    guard bits % 8 == 0 else {
      throw error(name, "shape \(shape) of \(type.rawValue) is not a whole number of bytes")
    }
    guard bits / 8 == end - begin else {
      throw error(
        name,
        "shape \(shape) of \(type.rawValue) needs \(bits / 8) bytes, data_offsets give \(end - begin)"
      )
    }
    return Safetensors.Tensor(
      name: name, elementType: type, shape: shape, range: dataStart + begin..<dataStart + end,
      count: count)
  }

  private func elementType(
    _ value: JSON?, _ name: String
  ) throws(FormatError) -> Safetensors.ElementType {
    guard let value else { throw error(name, "dtype: missing") }
    guard let text = value.string else {
      throw error(name, "dtype: got \(value.kindInWords); need a string")
    }
    guard let type = Safetensors.ElementType(rawValue: text) else {
      throw error(name, "unknown dtype \(text.quotedForMessage())")
    }
    return type
  }

  private func sizes(
    _ value: JSON?, _ name: String, _ field: String
  ) throws(FormatError) -> [Int] {
    guard let value else { throw error(name, "\(field): missing") }
    guard let elements = value.array else {
      throw error(name, "\(field): got \(value.kindInWords); need an array")
    }
    var sizes: [Int] = []
    for element in elements {
      guard let size = element.int, size >= 0 else {
        throw error(
          name,
          "\(field): got \(element.encoded().prefix(40)); need whole numbers from 0 to \(Int.max)")
      }
      sizes.append(size)
    }
    return sizes
  }

  /// Checks that the tensors cover the data from its first to its last byte, each byte once.
  ///
  /// An empty tensor may stand at any boundary between two others.
  private func requireContiguous(from dataStart: Int, to dataEnd: Int) throws(FormatError) {
    let sorted = tensors.indices.sorted {
      let (a, b) = (tensors[$0].range, tensors[$1].range)
      return (a.lowerBound, a.upperBound, $0) < (b.lowerBound, b.upperBound, $1)
    }
    var position = dataStart
    for index in sorted {
      let tensor = tensors[index]
      let begin = tensor.range.lowerBound
      guard begin == position else {
        let fault = begin < position ? "overlaps another tensor" : "leaves a gap before it"
        throw error(
          tensor.name,
          "invalid offset \(begin - dataStart): it \(fault) (need \(position - dataStart))")
      }
      position = tensor.range.upperBound
    }
    guard position == dataEnd else {
      throw error(
        nil,
        "file not fully covered: \(dataEnd - position) bytes after the last tensor belong to none")
    }
  }

  private func error(_ field: String?, _ message: String) -> FormatError {
    FormatError(message, file: file, field: field)
  }
}

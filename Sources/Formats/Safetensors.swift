/// A safetensors file in memory, validated as a whole: named arrays of numbers.
///
///     header length N: UInt64 | header: N bytes of JSON | data
///
/// all little endian, arrays in C order (<https://huggingface.co/docs/safetensors>). What is
/// accepted is what the reference reader accepts, less duplicate names, and within limits. After
/// `init` every tensor's range lies in the data, fits its shape and element type, and the ranges
/// cover the data without gap or overlap.
public struct Safetensors: Sendable {
  /// The type of a tensor's elements, by the format's own names.
  package enum ElementType: String, Sendable, CaseIterable {
    // In the order of the reference's rank, by which a writer sorts.
    case BOOL, F4, F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ
    case I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64

    /// Bits of one element.
    package var bits: Int {
      switch self {
      case .F4: 4
      case .F6_E2M3, .F6_E3M2: 6
      case .BOOL, .U8, .I8, .F8_E5M2, .F8_E4M3, .F8_E8M0, .F8_E4M3FNUZ, .F8_E5M2FNUZ: 8
      case .I16, .U16, .F16, .BF16: 16
      case .I32, .U32, .F32: 32
      case .C64, .F64, .I64, .U64: 64
      }
    }
  }

  /// One named array of a file.
  public struct Tensor: Sendable {
    /// The tensor's name in the file.
    public fileprivate(set) var name: String
    /// The type of the elements.
    package let elementType: ElementType
    /// The sizes of the dimensions, outermost first; empty for a single number.
    public let shape: [Int]
    /// Where the elements stand in the file's bytes.
    public fileprivate(set) var range: Range<Int>
    /// The number of elements: the product of `shape`.
    public let count: Int
  }

  /// The largest file that a reader accepts.
  public struct Limits: Sendable {
    /// Bytes of the header.
    public var headerBytes = 16 << 20
    /// Tensors of a file.
    public var tensors = 65_536
    /// Dimensions of a tensor.
    public var rank = 8
    /// UTF-8 bytes of a tensor's name.
    public var nameBytes = 512

    /// Creates the usual limits.
    public init() {}
  }

  /// The tensors in the order of the header.
  public let tensors: [Tensor]
  /// The pairs of `__metadata__`, in their order.
  public let metadata: [(String, String)]
  /// The file's path, for messages.
  public let file: String
  let bytes: [UInt8]
  package var byteCount: Int { bytes.count }
  private let indices: [ByteKey: Int]

  /// Validates `bytes`; nothing of the data is copied or looked at.
  ///
  /// - Throws: a `FormatError` whose field is the tensor at fault. A file of another kind that
  ///   often stands in the place of weights is called by its name.
  public init(bytes: [UInt8], file: String, limits: Limits = Limits()) throws(FormatError) {
    let header = try SafetensorsHeader(bytes: bytes, file: file, limits: limits)
    try self.init(header.tensors, bytes, metadata: header.metadata, file: file)
  }

  /// The tensors of several files as those of one, which errors call `file`.
  ///
  /// - Throws: a `FormatError` for a name that two of them have.
  package init(joining parts: [Safetensors], file: String) throws(FormatError) {
    var (tensors, bytes): ([Tensor], [UInt8]) = ([], [])
    bytes.reserveCapacity(parts.reduce(0) { $0 + $1.bytes.count })
    for part in parts {
      for var tensor in part.tensors {
        tensor.range = tensor.range.lowerBound + bytes.count..<tensor.range.upperBound + bytes.count
        tensors.append(tensor)
      }
      bytes += part.bytes
    }
    try self.init(
      tensors, bytes, metadata: parts.flatMap(\.metadata), file: file, twice: "is in two files")
  }

  /// The same tensors under other names.
  ///
  /// - Throws: a `FormatError` for a name that two of them get.
  package func renamed(_ name: (_ found: String) -> String) throws(FormatError) -> Safetensors {
    var tensors = tensors
    for i in tensors.indices { tensors[i].name = name(tensors[i].name) }
    return try Safetensors(tensors, bytes, metadata: metadata, file: file)
  }

  private init(
    _ tensors: [Tensor], _ bytes: [UInt8], metadata: [(String, String)], file: String,
    twice message: String = "occurs twice"
  ) throws(FormatError) {
    var indices: [ByteKey: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      guard indices.updateValue(index, forKey: ByteKey(tensor.name)) == nil else {
        throw FormatError(message, file: file, field: tensor.name)
      }
    }
    (self.tensors, self.metadata, self.file) = (tensors, metadata, file)
    (self.bytes, self.indices) = (bytes, indices)
  }

  /// The tensor of this name, byte for byte; nil when there is none.
  public func tensor(named name: String) -> Tensor? {
    indices[ByteKey(name)].map { tensors[$0] }
  }

  /// The product of a shape; nil where it is beyond Int.
  static func count(of shape: [Int]) -> Int? {
    shape.reduce(1) { count, size in
      let product = count?.multipliedReportingOverflow(by: size)
      return product?.overflow == false ? product?.partialValue : nil
    }
  }

  /// The elements of an F32, F16 or BF16 tensor, widened exactly; any other type is an error.
  ///
  /// NaN and infinity pass through.
  public func floats(_ tensor: Tensor) throws(FormatError) -> [Float] {
    switch tensor.elementType {
    case .F32: return words(tensor, 4) { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }
    case .F16:
      return words(tensor, 2) { HalfPrecision.widenFloat16(UInt16(truncatingIfNeeded: $0)) }
    case .BF16:
      return words(tensor, 2) { HalfPrecision.widenBFloat16(UInt16(truncatingIfNeeded: $0)) }
    default:
      throw FormatError(
        "wrong dtype (got \(tensor.elementType.rawValue); need F32, F16 or BF16)", file: file,
        field: tensor.name)
    }
  }

  /// `floats`, where all of them are finite.
  ///
  /// - Throws: a `FormatError` with the tensor and the index of the first that is not, too.
  package func finiteFloats(_ tensor: Tensor) throws(FormatError) -> [Float] {
    let values = try floats(tensor)
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw FormatError(
        "is not finite at flat index \(bad) (got \(values[bad]))", file: file, field: tensor.name)
    }
    return values
  }

  /// The little-endian words of a tensor, each converted.
  @inline(__always)
  private func words<Element>(
    _ tensor: Tensor, _ width: Int, _ convert: (UInt64) -> Element
  ) -> [Element] {
    let span = bytes.span
    let base = tensor.range.lowerBound
    precondition(
      tensor.range.upperBound <= bytes.count && tensor.range.count == tensor.count * width)
    return [Element](capacity: tensor.count) { output in
      for i in 0..<tensor.count {
        var word: UInt64 = 0
        for byte in 0..<width {
          word |= UInt64(span[base + i * width + byte]) << UInt64(8 * byte)
        }
        output.append(convert(word))
      }
    }
  }
}

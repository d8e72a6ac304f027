/// A JSON value (RFC 8259), with whole numbers and other numbers kept apart.
///
/// A number that is read is written back as it stood: `1` is `.integer`, `1.0` is `.number`, and what
/// neither would write alike, such as `1e0`, `0.10` and whole numbers beyond Int, is `.numeral`.
/// Numbers are equal when they are written alike. Keys and strings are equal when their UTF-8 bytes
/// are; the order of an object's members is kept, but does not count in equality.
public enum JSON: Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A whole number that Int holds, written without point and exponent.
  case integer(Int)
  /// Any other number; one that is not finite is written as `null`.
  case number(Double)
  /// A number in the digits it was read with, where neither ``integer(_:)`` nor ``number(_:)``
  /// would write them.
  case numeral(String)
  /// A text.
  case string(String)
  /// Values in their order.
  case array([JSON])
  /// Values by their keys.
  case object(JSONObject)

  /// What a reader accepts.
  public struct Limits: Sendable {
    /// The most bytes a text may have.
    public var maximumBytes: Int
    /// How many arrays and objects may be nested.
    public var maximumDepth: Int
    /// Whether to take what Python's `json` writes beyond JSON.
    ///
    /// `NaN`, `Infinity` and `-Infinity` become numbers that are not finite, and a lone surrogate
    /// U+FFFD.
    public var asPythonWrites: Bool

    /// Creates limits; by default 64 MiB, 512 levels, and JSON by the standard alone.
    public init(
      maximumBytes: Int = 64 << 20, maximumDepth: Int = 512, asPythonWrites: Bool = false
    ) {
      (self.maximumBytes, self.maximumDepth) = (maximumBytes, maximumDepth)
      self.asPythonWrites = asPythonWrites
    }
  }

  /// Reads one value that fills `bytes`, white space aside.
  ///
  /// Stricter than most readers: a duplicate key, a lone surrogate, invalid UTF-8, a byte order
  /// mark and a number of more than 4300 characters (what Python reads) are errors.
  ///
  /// - Throws: a `FormatError` with the line and the path of the field.
  public init(
    parsing bytes: [UInt8], file: String, limits: Limits = Limits()
  ) throws(FormatError) {
    var parser = JSONParser(bytes: bytes, range: 0..<bytes.count, file: file, limits: limits)
    self = try parser.parseDocument()
  }

  /// The path of the first number that is not finite, which would be written as `null`.
  public var pathOfNonFinite: String? {
    switch self {
    case .number(let value) where !value.isFinite: return ""
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        if let path = element.pathOfNonFinite { return "[\(index)]" + path }
      }
    case .object(let object):
      for entry in object.entries {
        if let path = entry.value.pathOfNonFinite { return "." + entry.key + path }
      }
    default: break
    }
    return nil
  }

  /// Whether the value is `null`.
  public var isNull: Bool {
    if case .null = self { true } else { false }
  }

  /// The value of a boolean; nil for anything else.
  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  /// The value of a whole number that Int holds; nil for anything else.
  public var int: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// A count as files have it: a whole number from 0 to 2⁵³, where the sum of any two is a number
  /// still.
  package var natural: Int? {
    guard let int, (0...Self.largestNatural).contains(int) else { return nil }
    return int
  }

  /// 2⁵³, up to which all programs that read JSON agree about whole numbers.
  package static let largestNatural = 1 << 53

  /// The value of any number; nil for anything else, and for a number beyond Double's range.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .numeral(let digits): Double(digits).flatMap { $0.isFinite ? $0 : nil }
    case .null, .bool, .string, .array, .object: nil
    }
  }

  /// What a string says as JSON, since all cells of a table are strings; the value itself where it is
  /// none, or says nothing.
  package var unquoted: JSON {
    string.flatMap { try? JSON(parsing: Array($0.utf8), file: "") } ?? self
  }

  /// A string as it is, or a number as it was written; nil for anything else.
  ///
  /// A column of data is read with it wherever text is needed.
  public var text: String? {
    switch self {
    case .string(let text): text
    case .integer, .number, .numeral: encoded()
    case .null, .bool, .array, .object: nil
    }
  }

  /// The value of a string; nil for anything else.
  public var string: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The elements of an array; nil for anything else.
  public var array: [JSON]? {
    if case .array(let value) = self { value } else { nil }
  }

  /// The members of an object; nil for anything else.
  public var object: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member `key` of an object; nil when there is none, or when this is no object.
  public subscript(_ key: String) -> JSON? { object?[key] }

  /// The kind of value in words, for messages: "a string", "null".
  public var kindInWords: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .numeral(let digits):
      digits.utf8.contains { ".eE".utf8.contains($0) } ? "a number" : "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSON: Equatable {
  /// Whether both are the same value: numbers as they are written, strings by their bytes.
  public static func == (a: JSON, b: JSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.numeral(let a), .numeral(let b)): a.hasSameBytes(as: b)
    case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  /// Makes ``null`` of the literal `nil`.
  public init(nilLiteral: ()) { self = .null }
  /// Makes ``bool(_:)`` of `true` and `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// Makes ``integer(_:)`` of a whole number.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// Makes ``number(_:)`` of a number with a point.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Makes ``string(_:)`` of a text.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Makes ``array(_:)`` of values in brackets.
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// Makes ``object(_:)`` of keys and values in brackets; of two equal keys the later value stays.
  public init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(JSONObject(elements))
  }
}

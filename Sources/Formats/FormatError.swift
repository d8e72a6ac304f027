/// What is wrong with a file, and where.
///
/// `description` is one line, `FILE:LINE: FIELD: message`, whatever bytes the file held:
/// control characters of its parts are shown escaped. Only an error with `others` (several
/// bad lines of one file) has one further line for each of them.
public struct FormatError: Error, Sendable, Equatable {
  /// What went wrong, as far as a program must tell the cases apart.
  public enum Kind: Sendable {
    /// The content is not what it must be.
    case invalid
    /// A version of the format that this build does not know.
    case unsupported
    /// There is no such file.
    case missing
    /// The file, or the place for it, cannot be created.
    case cannotCreate
    /// The operating system failed to read or write.
    case inputOutput
    /// A number that was to be written is not finite, and could not be read again.
    case notFinite
    /// Something else has taken the place of what was to be written, or nothing is there any more.
    case replaced
  }

  public var kind: Kind
  public var file: String
  /// The line, counted from 1.
  public var line: Int?
  /// The field, as a path: `model.layers[3].name`.
  public var field: String?
  public var message: String
  /// Further faults of the same file, in its order.
  public var others: [FormatError]

  public init(
    file: String, line: Int? = nil, field: String? = nil, message: String, kind: Kind = .invalid,
    others: [FormatError] = []
  ) {
    self.kind = kind
    self.file = file
    self.line = line
    self.field = field
    self.message = message
    self.others = others
  }

  public var isMissing: Bool { kind == .missing }
}

extension FormatError: CustomStringConvertible {
  public var description: String {
    var text = file.escapingControls()
    if let line { text += ":\(line)" }
    text += ": "
    if let field, !field.isEmpty { text += field.escapingControls() + ": " }
    text += message.escapingControls()
    for other in others { text += "\n" + other.description }
    return text
  }
}

extension String {
  /// The text with every control character, line separator and change of direction written as
  /// `\u{…}`.
  func escapingControls() -> String {
    var text = ""
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
        text += "\\u{" + String(scalar.value, radix: 16) + "}"
      default:
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The text for an error message: quoted, and cut to 64 scalars.
  package func quotedForMessage() -> String {
    let head = String(String.UnicodeScalarView(unicodeScalars.prefix(64)))
    return "\"" + head + (head.utf8.count < utf8.count ? "…\"" : "\"")
  }
}

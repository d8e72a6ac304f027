/// What is wrong with a file, and where.
///
/// `description` is one line, `FILE:LINE: FIELD: message`, whatever bytes the file held:
/// control characters of its parts are shown escaped. Only an error with `others` (several
/// bad lines of one file) has one further line for each of them.
public struct FormatError: Error, Sendable, Equatable {
  /// What went wrong, as far as a program must tell the cases apart.
  public enum Kind: Sendable {
    /// The content is not valid.
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
    /// Another file or directory is where it is to be written, or none is any more.
    case replaced
  }

  /// What went wrong, for programs.
  public var kind: Kind
  /// The file's path, or what the data is called that is in no file.
  public var file: String
  /// The line, counted from 1; nil where it is about no single line.
  public var line: Int?
  /// The field, as a path such as `model.layers[3].name`; nil where it is about no single field.
  public var field: String?
  /// What is wrong, without the place: `missing`, or `got 3; need 1 or 2`.
  public var message: String
  /// Further problems of the same file, in its order.
  public var others: [FormatError]

  /// Creates an error; by default about content that is not valid.
  public init(
    _ message: String, file: String, line: Int? = nil, field: String? = nil, kind: Kind = .invalid,
    others: [FormatError] = []
  ) {
    (self.message, self.file, self.line, self.field) = (message, file, line, field)
    (self.kind, self.others) = (kind, others)
  }

  /// Whether there is no such file.
  public var isMissing: Bool { kind == .missing }
}

extension FormatError: CustomStringConvertible {
  /// `FILE:LINE: FIELD: message`, with a further line for each of `others`.
  public var description: String {
    var text = file.visible()
    if let line { text += ":\(line)" }
    text += ": "
    if let field, !field.isEmpty { text += field.visible() + ": " }
    text += message.visible()
    for other in others { text += "\n" + other.description }
    return text
  }
}

extension String {
  /// The text for an error message: quoted, and cut to 64 scalars.
  package func quotedForMessage() -> String { "\"" + shortened(toScalars: 64) + "\"" }
}

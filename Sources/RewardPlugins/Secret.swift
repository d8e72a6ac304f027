internal import Formats
internal import Foundation
public import Rewards

/// A text that may be secret: itself, or where it is to be found.
///
///     env:NAME      the value of an environment variable
///     file:PATH     the content of a file in UTF-8, without white space at its ends
///     anything else the text itself
public struct Secret: Sendable, Equatable {
  /// The text or reference, as it was given.
  public var source: String

  /// Creates a secret from the text or reference of an option.
  public init(_ source: String) { self.source = source }

  /// Whether ``source`` says where the text is, and so is no secret itself.
  public var isReference: Bool { environmentName != nil || filePath != nil }

  /// The environment variable that has the text.
  public var environmentName: String? { named("env:") }

  /// The file that has the text.
  public var filePath: String? {
    // `file://` begins a URL, not a path.
    named("file:").flatMap { $0.utf8.starts(with: "//".utf8) ? nil : $0 }
  }

  private func named(_ prefix: String) -> String? {
    source.utf8.starts(with: prefix.utf8)
      ? String(decoding: source.utf8.dropFirst(prefix.utf8.count), as: UTF8.self) : nil
  }

  private static let largestFile = 64 << 10

  /// The secret itself.
  ///
  /// - Parameter option: the key that needs it, for messages.
  /// - Throws: `RewardError.badOption` where it cannot be found, or was redacted.
  public func value(of option: String) throws(RewardError) -> String {
    func bad(_ problem: String) -> RewardError {
      .badOption(reward: "url", option: option, problem: problem)
    }
    let text: String
    if let name = environmentName {
      guard let found = ProcessInfo.processInfo.environment[name] else {
        throw bad("\(source): no such environment variable")
      }
      // Invalid UTF-8 was decoded as this character.
      guard !found.utf8.contains("\u{FFFD}".utf8) else {
        throw bad("\(source): is not UTF-8")
      }
      text = found
    } else if let path = filePath {
      let bytes: [UInt8]
      do {
        bytes = try Files.read(path, maximumBytes: Self.largestFile).withoutByteOrderMark
      } catch {
        throw bad("\(source): \(error.message)")
      }
      guard firstInvalidUTF8(in: bytes[...]) == nil else {
        throw bad("\(source): is not UTF-8")
      }
      text = String(decoding: bytes, as: UTF8.self)
    } else {
      guard !Redaction.isRedacted(source) else {
        throw bad(
          "\(source): the run's copy of the recipe omits this secret (need it again, preferably "
            + "as env:NAME or file:PATH)")
      }
      return source
    }
    let trimmed = text.trimmingWhiteSpace
    guard !trimmed.isEmpty else { throw bad("\(source): is empty") }
    return trimmed
  }
}

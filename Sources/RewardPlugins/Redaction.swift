internal import Formats
internal import Foundation

/// Takes out of URLs what may be secret: user info, query and fragment.
///
/// Every URL goes through ``redacted(url:)`` before it is printed or written, and every text that may
/// hold one through ``redacted(urlsIn:)``.
package enum Redaction {
  /// What is printed in the place of a secret.
  package static let mark = "***"

  /// A text that is a URL, or was meant to be one, without its secrets.
  ///
  /// Redacting twice changes nothing more.
  package static func redacted(url: String) -> String {
    let text = Array(url.utf8)
    let start = ByteSearch.first(separator, in: text).map { $0 + separator.count } ?? 0
    // Where a URL cannot be read, anything before an @ may be a password.
    let isReadable = start > 0 && URL(string: url)?.host()?.isEmpty == false
    let authority = isReadable ? text[start...].prefix { !"/?#".utf8.contains($0) } : text[start...]
    var result = text[..<start]
    var rest = text[start...]
    if let end = authority.lastIndex(of: UInt8(ascii: "@")) {
      result += Array(mark.utf8) + [UInt8(ascii: "@")]
      rest = rest[(end + 1)...]
    }
    let path = rest.prefix { !"?#".utf8.contains($0) }
    result += path
    rest = rest[path.endIndex...]
    if rest.count > 1 { result += rest.prefix(1) + Array(mark.utf8) }
    return String(decoding: result, as: UTF8.self)
  }

  /// A text with every URL in it redacted.
  package static func redacted(urlsIn text: String) -> String {
    var rest = Array(text.utf8)[...]
    var result: [UInt8] = []
    while let index = ByteSearch.first(separator, in: Array(rest)) {
      let before = rest.prefix(index)
      let start = before.lastIndex { !isOfScheme($0) }.map { $0 + 1 } ?? before.startIndex
      var url = rest[start...].prefix { !isEnd($0) }
      // Punctuation of the sentence, not of the URL.
      while let last = url.last, ",;:.)".utf8.contains(last) { url.removeLast() }
      result += rest[..<start] + redacted(url: String(decoding: url, as: UTF8.self)).utf8
      rest = rest[url.endIndex...]
    }
    return result.isEmpty ? text : String(decoding: result + rest, as: UTF8.self)
  }

  /// The value of a variable: a secret where its name says so.
  package static func redacted(_ value: String, of name: String) -> String {
    let name = name.uppercased()
    return secretNames.contains { name.contains(bytes: $0) } ? mark : redacted(urlsIn: value)
  }

  private static let secretNames = ["KEY", "TOKEN", "SECRET", "PASS", "PWD", "AUTH", "CRED"]

  /// Whether a text has a secret that was redacted.
  package static func isRedacted(_ text: String) -> Bool {
    text.hasSameBytes(as: mark)
      || text.contains(bytes: "://")
        && ["://\(mark)@", "?\(mark)", "#\(mark)"].contains { text.contains(bytes: $0) }
  }

  private static let separator = Array("://".utf8)

  private static func isOfScheme(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.".utf8.contains(byte)
  }

  /// White space, quotation marks and brackets, which no URL has.
  private static func isEnd(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == 0x7F || "\"<>`".utf8.contains(byte)
  }
}

internal import Formats
internal import Foundation

/// What a server is told and nobody else is to see, wherever the server says it again.
struct ServerSecrets: Sendable {
  /// From the longest, so that none is left in part by one that it holds.
  private let texts: [String]

  /// A text shorter than this occurs everywhere, and is no secret.
  private static let shortest = 3

  init(_ url: URL, headers: [String: String]) {
    var found: [String] = []
    for value in headers.values {
      found.append(value)
      // Behind the name of a scheme, such as Bearer.
      found += value.split(separator: " ").dropFirst().map(String.init)
    }
    let parts = URLComponents(url: url, resolvingAgainstBaseURL: false)
    found += [parts?.percentEncodedQuery, parts?.query].compactMap(\.self)
    for items in [parts?.percentEncodedQueryItems, parts?.queryItems] {
      found += (items ?? []).map { $0.value ?? $0.name }
    }
    let (user, password) = (parts?.user, parts?.password)
    if user != nil || password != nil {
      found += [user, password, parts?.percentEncodedUser, parts?.percentEncodedPassword]
        .compactMap(\.self)
      found.append(Self.credentials(user, password))
    }
    texts = found.filter { $0.utf8.count >= Self.shortest }
      .sorted { $0.utf8.count > $1.utf8.count }
  }

  /// User info as basic authorization has it.
  static func credentials(_ user: String?, _ password: String?) -> String {
    Data("\(user ?? ""):\(password ?? "")".utf8).base64EncodedString()
  }

  /// A text that has a mark in the place of every secret.
  func hidden(in text: String) -> String {
    texts.reduce(text) { $0.replacing($1, with: Redaction.mark) }
  }

  /// The same for a body; one that is no text of UTF-8 comes out as text all the same.
  func hidden(in body: [UInt8]) -> [UInt8] {
    Array(hidden(in: String(decoding: body, as: UTF8.self)).utf8)
  }
}

internal import Rewards

/// Headers that a user may add to requests.
package enum HTTPHeaders {
  /// Headers that say what a message is, and so are not for others to set.
  private static let reserved = [
    "connection", "content-length", "content-type", "expect", "host", "transfer-encoding",
  ]

  /// Whether `name` may be that of a header.
  package static func isName(_ name: String) -> Bool {
    !name.isEmpty && !reserved.contains(name.lowercased())
      && name.utf8.allSatisfy { byte in
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "-_".utf8.contains(byte)
      }
  }

  /// - Throws: `RewardError.badOption`, which does not show a value.
  static func check(_ headers: [String: String]) throws(RewardError) {
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
      func bad(_ problem: String) -> RewardError {
        .badOption(reward: "url", option: "headers", problem: "\(name): \(problem)")
      }
      guard isName(name) else { throw bad("cannot be set (need another header)") }
      guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw bad("its value has a line end or a control character")
      }
    }
  }
}

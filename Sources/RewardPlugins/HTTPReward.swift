internal import Formats
internal import Foundation
public import Rewards
internal import Synchronization

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// A reward computed by a server, in OpenRLHF's remote reward protocol.
///
///     POST URL   {"query": […], "prompts": […], "labels": […], …}
///     200        {"rewards": [number, …], "scores": […], "extra_logs": {…}}
///
/// The request is that of `RewardMessage`, which has more keys than OpenRLHF's; the reply may use
/// all of its keys. With several URLs a batch is split between prompts, one part for each. Every
/// try is a request of its own, with its own connection and `id`. A reply may lack the id, since
/// the connection says which request it answers; a reply with another id is refused.
///
/// A connection that fails and the statuses 429, 502, 503 and 504 are tried again, three times in
/// all, after 0.5 and 1 s or what `Retry-After` asks for. Statuses 401, 403 and 407 end the run.
/// Every other status, a reply above 8 MiB, a wrong reply and the deadline fail the scores of the
/// part. Redirects are not followed: only the servers that the recipe names are asked.
///
/// User info of a URL is sent as basic authorization. User info, queries and header values are
/// never printed, even where the server repeats them.
///
/// Counts: `retries`, requests made again, where there were any.
public final class HTTPReward: RewardFunction {
  /// The name in logs and messages.
  public let name: String
  private let urls: [URL]
  private let timeout: Double
  private let headers: [String: String]
  private let secrets: [ServerSecrets]
  private let usesProxy: Bool
  private let client = HTTPClient()
  /// Of all servers: one may be asked by several rewards of a run, such as training's and evaluation's.
  private static let lastID = Atomic(0)

  /// Prepares requests to one server or several.
  ///
  /// - Parameters:
  ///   - urls: `http` or `https`, at least one.
  ///   - timeout: seconds for a batch, all tries together.
  ///   - headers: further headers of every request; `Authorization` replaces user info.
  ///   - usesProxy: whether requests go through the proxy that `http_proxy` and similar variables
  ///     name.
  /// - Throws: `RewardError.badOption`.
  public init(
    _ urls: [String], name: String? = nil, timeout: Double = 30, headers: [String: String] = [:],
    usesProxy: Bool = false
  ) throws(RewardError) {
    func bad(_ option: String, _ problem: String) -> RewardError {
      .badOption(reward: "url", option: option, problem: problem)
    }
    guard !urls.isEmpty else { throw bad("url", "empty (need a URL)") }
    try PluginOptions.check(timeout, of: "timeout", reward: "url")
    try HTTPHeaders.check(headers)
    var parsed: [URL] = []
    for text in urls {
      guard let url = Self.url(text) else {
        throw bad(
          "url",
          "got \(Redaction.redacted(url: text)); need http://HOST or https://HOST with a path")
      }
      // URLSession of this system takes no address of IPv6 within a URL.
      guard url.host()?.contains(":") != true else {
        throw bad(
          "url",
          "\(Redaction.redacted(url: text)): IPv6 addresses are not supported (need a host name, "
            + "such as one in /etc/hosts, or an IPv4 address)")
      }
      guard !Redaction.isRedacted(text) else {
        throw bad("url", "\(text): the run's copy of the recipe omits this secret (need it again)")
      }
      parsed.append(url)
    }
    self.name = name ?? Self.name(of: parsed[0])
    (self.urls, self.timeout) = (parsed, timeout)
    (self.headers, self.usesProxy) = (headers, usesProxy)
    secrets = parsed.map { ServerSecrets($0, headers: headers) }
    if !usesProxy { ProxyExemption.add(parsed.compactMap { $0.host() }) }
  }

  /// Checks that no host is asked both with and without a proxy.
  ///
  /// - Throws: `RewardError.badOption` where one reward asks a server through a proxy, and another
  ///   asks the same host or a domain above it without.
  public static func checkProxies(of rewards: [any RewardFunction]) throws(RewardError) {
    let servers = rewards.compactMap { $0 as? HTTPReward }
    let exempt = servers.filter { !$0.usesProxy }.flatMap(\.urls).compactMap { $0.host() }
    for server in servers where server.usesProxy {
      for host in server.urls.compactMap({ $0.host() }) {
        guard let other = exempt.first(where: { ProxyExemption.covers(host, $0) }) else { continue }
        throw .badOption(
          reward: server.name, option: "proxy",
          problem:
            "got true for \(host), but another reward reaches \(other) without a proxy, and the "
            + "system's HTTP library has one setting for both (need the same)")
      }
    }
  }

  /// Whether a text is a URL of `http` or `https` with a host.
  public static func isURL(_ text: String) -> Bool { url(text) != nil }

  private static func url(_ text: String) -> URL? {
    guard let url = URL(string: escaped(text), encodingInvalidCharacters: false),
      let scheme = url.scheme?.lowercased(),
      ["http", "https"].contains(scheme), let host = url.host(), !host.isEmpty
    else { return nil }
    return url
  }

  /// A URL in which what must not stand there is escaped, before its host and behind it.
  ///
  /// Foundation's own way escapes the escapes that are there already, too.
  private static func escaped(_ text: String) -> String {
    let start = text.firstRange(ofBytes: "://")?.upperBound ?? text.startIndex
    let end = text.utf8[start...].firstIndex { "/?#".utf8.contains($0) } ?? text.endIndex
    let host = text.utf8[start..<end].lastIndex(of: UInt8(ascii: "@"))
    let user = host.map { escapingInvalid(text[start..<$0], allowing: ":") } ?? ""
    return String(text[..<start]) + user + String(text[(host ?? start)..<end])
      + escapingInvalid(text[end...], allowing: ":/?@#")
  }

  private static func escapingInvalid(_ text: Substring, allowing: String) -> String {
    let bytes = Array(text.utf8)
    let allowed = Set("-._~!$&'()*+,;=\(allowing)".utf8)
    var result: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      let isEscape =
        byte == UInt8(ascii: "%") && index + 2 < bytes.count
        && bytes[index + 1...index + 2].allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
      let isPlain =
        byte < 0x80 && Character(Unicode.Scalar(byte)).isLetter || allowed.contains(byte)
      if isEscape || isPlain || (0x30...0x39).contains(byte) {
        result.append(byte)
      } else {
        result += Array(String(format: "%%%02X", Int(byte)).utf8)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The default name of a server: the last part of its path, or else its host; of a ``Secret``
  /// reference the last part of what it refers to.
  public static func name(of server: String) -> String {
    if let url = url(server) { return name(of: url) }
    let secret = Secret(server)
    if let reference = secret.environmentName ?? secret.filePath {
      return reference.split(separator: "/").last.map(String.init) ?? "url"
    }
    return Redaction.redacted(url: server)
  }

  private static func name(of url: URL) -> String {
    let last = url.pathComponents.last { $0 != "/" }
    return last ?? url.host() ?? "url"
  }

  /// Sends a request to every server, to see that it answers; any answer will do.
  ///
  /// - Throws: `RewardError.cannotStart` where one does not answer.
  public func start() async throws {
    for (url, secrets) in zip(urls, secrets) {
      do {
        _ = try await client.send(request(url), within: timeout)
      } catch {
        throw RewardError.cannotStart(
          reward: name, problem: "\(shown(url)): \(secrets.hidden(in: error.description))")
      }
    }
  }

  /// Splits the completions among the servers and waits for their replies.
  ///
  /// - Throws: `RewardError.credentialsRefused` where a server refuses the credentials.
  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    try await request.scored(inParts: urls.count) { index, part in
      try await self.score(part, at: self.urls[index], self.secrets[index])
    }
  }

  private func shown(_ url: URL) -> String { Redaction.redacted(url: url.absoluteString) }

  /// A request with the headers of the options; user info goes into one, too.
  private func request(_ url: URL) -> URLRequest {
    var parts = URLComponents(url: url, resolvingAgainstBaseURL: false)
    let (user, password) = (parts?.user, parts?.password)
    parts?.user = nil
    parts?.password = nil
    parts?.fragment = nil
    var request = URLRequest(url: parts?.url ?? url)
    if user != nil || password != nil {
      request.setValue(
        "Basic \(ServerSecrets.credentials(user, password))", forHTTPHeaderField: "Authorization")
    }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    return request
  }

  private static let mostTries = 3

  private func score(
    _ part: RewardRequest, at url: URL, _ secrets: ServerSecrets
  ) async throws -> RewardResponse {
    let deadline = ContinuousClock.now + .seconds(timeout)
    var retries = 0
    func counted(_ response: RewardResponse) -> RewardResponse {
      var response = response
      if retries > 0 { response.counts.append((.retries, retries)) }
      return response
    }
    while true {
      let left = ContinuousClock.now.duration(to: deadline) / .seconds(1)
      let id = Self.lastID.add(1, ordering: .relaxed).newValue
      var message = request(url)
      message.httpMethod = "POST"
      message.setValue("application/json", forHTTPHeaderField: "Content-Type")
      message.httpBody = Data(RewardMessage.encode(part, id: id))
      let failure: HTTPClient.Failure
      do throws(HTTPClient.Failure) {
        let body = try await client.send(message, within: left).success(secrets)
        return counted(decode(body, id: id, part, secrets))
      } catch {
        failure = error
      }
      if failure.isRefusal {
        throw RewardError.credentialsRefused(reward: name, problem: "\(shown(url)): \(failure)")
      }
      let pause = failure.retryAfter ?? 0.5 * Double(1 << retries)
      let remaining = ContinuousClock.now.duration(to: deadline) / .seconds(1)
      // Compared as numbers: what a server asks for may be more than a Duration holds.
      guard failure.isPassing, retries + 1 < Self.mostTries, pause < remaining,
        (try? await Task.sleep(for: .seconds(pause))) != nil, ContinuousClock.now < deadline
      else { return counted(part.failed(secrets.hidden(in: "\(failure)"))) }
      retries += 1
    }
  }

  /// What a body says; whatever it says in words, secrets are hidden in.
  private func decode(
    _ body: [UInt8], id: Int, _ part: RewardRequest, _ secrets: ServerSecrets
  ) -> RewardResponse {
    func decoded(_ body: [UInt8]) throws -> RewardResponse {
      try RewardMessage.decode(body, id: id, .off, completions: part.completions)
    }
    var response: RewardResponse
    do {
      response = try decoded(body)
    } catch {
      var shown = error
      do {
        // An excerpt may end within a secret, so they are hidden before it is made.
        _ = try decoded(secrets.hidden(in: body))
      } catch {
        shown = error
      }
      return part.failed("reply: \(secrets.hidden(in: "\(shown)"))")
    }
    response.scores = response.scores.map { score in
      score.failureReason.map { .failed(secrets.hidden(in: $0)) } ?? score
    }
    response.notes = response.notes.map { secrets.hidden(in: $0) }
    return response
  }
}

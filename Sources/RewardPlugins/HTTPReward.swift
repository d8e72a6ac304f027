internal import Foundation
public import Rewards

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// A reward computed by a server, in OpenRLHF's remote reward protocol.
///
///     POST URL   {"query": […], "prompts": […], "labels": […], …}
///     200        {"rewards": [number, …], "scores": […], "extra_logs": {…}}
///
/// The request is that of `RewardMessage`, which has more keys than OpenRLHF's; the reply may use
/// everything of it. With several URLs a batch is split between prompts, a part to each.
///
/// A connection that fails and the statuses 429, 502, 503 and 504 are tried again, three times in
/// all, after 0.5 and 1 s or what `Retry-After` asks for; every other status, a reply of more than
/// 8 MiB, a wrong reply and the end of the time fail the scores of the part. Redirects are not
/// followed: nobody is asked but whom the recipe names.
///
/// Counts: `retries`, requests made again, where there were any.
public final class HTTPReward: RewardFunction {
  public let name: String
  private let urls: [URL]
  private let timeout: Double
  private let client: HTTPClient

  /// - Parameters:
  ///   - urls: `http` or `https`, at least one.
  ///   - timeout: seconds for a batch, all tries together.
  /// - Throws: `RewardError.badOption`.
  public init(_ urls: [String], name: String? = nil, timeout: Double = 30) throws(RewardError) {
    func bad(_ option: String, _ problem: String) -> RewardError {
      .badOption(reward: "url", option: option, problem: problem)
    }
    guard !urls.isEmpty else { throw bad("url", "empty (need a URL)") }
    try PluginOptions.check(timeout, of: "timeout", reward: "url")
    var parsed: [URL] = []
    for text in urls {
      guard let url = Self.url(text) else {
        throw bad("url", "got \(text); need http://HOST or https://HOST with a path")
      }
      parsed.append(url)
    }
    self.name = name ?? Self.name(of: parsed[0])
    self.urls = parsed
    self.timeout = timeout
    client = HTTPClient()
  }

  public static func isURL(_ text: String) -> Bool { url(text) != nil }

  private static func url(_ text: String) -> URL? {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(),
      ["http", "https"].contains(scheme), let host = url.host(), !host.isEmpty
    else { return nil }
    return url
  }

  /// What a server is called by default: the last part of its path, or else its host.
  public static func name(of server: String) -> String {
    url(server).map(name(of:)) ?? server
  }

  private static func name(of url: URL) -> String {
    let last = url.pathComponents.last { $0 != "/" }
    return last ?? url.host() ?? "url"
  }

  /// Asks every server for anything at all: whatever it answers, it is there.
  ///
  /// - Throws: `RewardError.cannotStart` where none answers.
  public func start() async throws {
    for url in urls {
      do {
        _ = try await client.send(URLRequest(url: url), within: timeout)
      } catch {
        throw RewardError.cannotStart(reward: name, problem: "\(url.absoluteString): \(error)")
      }
    }
  }

  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    try await request.scored(inParts: urls.count) { place, part in
      await self.score(part, at: self.urls[place])
    }
  }

  private static let mostTries = 3

  private func score(_ part: RewardRequest, at url: URL) async -> RewardResponse {
    var message = URLRequest(url: url)
    message.httpMethod = "POST"
    message.setValue("application/json", forHTTPHeaderField: "Content-Type")
    message.httpBody = Data(RewardMessage.encode(part, id: part.step))
    let deadline = ContinuousClock.now + .seconds(timeout)
    var retries = 0
    func counted(_ response: RewardResponse) -> RewardResponse {
      var response = response
      if retries > 0 { response.counts.append(("retries", retries)) }
      return response
    }
    while true {
      let left = ContinuousClock.now.duration(to: deadline) / .seconds(1)
      let failure: HTTPClient.Failure
      do throws(HTTPClient.Failure) {
        let body = try await client.send(message, within: left).success()
        do throws(RewardMessage.ReplyError) {
          return counted(
            try RewardMessage.decode(body, id: part.step, completions: part.completions))
        } catch {
          return counted(part.failed("reply: \(error)"))
        }
      } catch {
        failure = error
      }
      let pause = failure.retryAfter ?? 0.5 * Double(1 << retries)
      guard failure.isPassing, retries + 1 < Self.mostTries,
        ContinuousClock.now + .seconds(pause) < deadline,
        (try? await Task.sleep(for: .seconds(pause))) != nil, ContinuousClock.now < deadline
      else { return counted(part.failed("\(failure)")) }
      retries += 1
    }
  }
}

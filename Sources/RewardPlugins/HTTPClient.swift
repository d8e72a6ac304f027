internal import Foundation
internal import Rewards
internal import Synchronization

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// Sends requests whose time and reply are bounded, and follows no redirect.
///
/// Every request has a connection of its own. On one that was kept, a server that has closed it
/// meanwhile makes libcurl send the request anew by itself, and without its body.
final class HTTPClient: Sendable {
  /// Why there is no reply, in one line.
  struct Failure: Error, CustomStringConvertible {
    var description: String
    /// Whether another try may do better.
    var isPassing = false
    /// How many seconds the server asks to wait before it.
    var retryAfter: Double?
    /// Whether the server does not take the credentials, and never will.
    var isRefusal = false
  }

  struct Reply: Sendable {
    var status: Int
    var body: [UInt8]
    var retryAfter: Double?

    /// The body of a reply of status 200.
    func success(_ secrets: ServerSecrets) throws(Failure) -> [UInt8] {
      if status == 200 { return body }
      // Hidden before the excerpt is made, which may end within one.
      throw Failure(
        description: "status \(status)"
          + (body.isEmpty ? "" : ": \(excerpt(secrets.hidden(in: body)))"),
        isPassing: [429, 502, 503, 504].contains(status), retryAfter: retryAfter,
        isRefusal: [401, 403, 407].contains(status))
    }
  }

  static let largestReply = 8 << 20

  private let exchanges = Exchanges()

  /// The reply, whatever its status; cancelling the task ends the exchange.
  ///
  /// - Parameter seconds: from now to the end of the reply.
  func send(_ request: URLRequest, within seconds: Double) async throws(Failure) -> Reply {
    guard seconds > 0 else { throw Failure(description: "no time left") }
    var request = request
    // URLSession's own limit is between two pieces of a reply; the clock below is for the whole.
    request.timeoutInterval = seconds + 5
    let number = exchanges.nextNumber()
    let clock = Task {
      try await Task.sleep(for: .seconds(seconds))
      exchanges.fail(number, "no reply in time")
    }
    defer { clock.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        exchanges.begin(number, request, continuation)
      }
    } onCancel: {
      exchanges.fail(number, "cancelled")
    }
    return try result.get()
  }
}

/// What is under way, by number; told by URLSession how it goes.
///
/// While a name is being looked up, whatever starts or cancels a task, of any session, can wait for
/// that. So URLSession is spoken to on queues of this class only, and outcomes do not wait for it.
private final class Exchanges: NSObject, URLSessionDataDelegate {
  typealias Outcome = Result<HTTPClient.Reply, HTTPClient.Failure>

  private struct Exchange {
    var continuation: CheckedContinuation<Outcome, Never>
    /// The exchange's own.
    var session: URLSession?
    var reply = HTTPClient.Reply(status: 0, body: [])
  }

  private let count = Atomic(0)
  private let exchanges = Mutex<[Int: Exchange]>([:])
  private let starting = DispatchQueue(label: "HTTPClient.starting")
  private let ending = DispatchQueue(label: "HTTPClient.ending")

  func nextNumber() -> Int { count.add(1, ordering: .relaxed).newValue }

  func begin(
    _ number: Int, _ request: URLRequest, _ continuation: CheckedContinuation<Outcome, Never>
  ) {
    exchanges.withLock { $0[number] = Exchange(continuation: continuation) }
    // A task that was cancelled before it could be entered here.
    if Task.isCancelled { return fail(number, "cancelled") }
    starting.async { [self] in
      let session = URLSession(
        configuration: Self.configuration, delegate: self, delegateQueue: nil)
      let task = session.dataTask(with: request)
      task.taskDescription = String(number)
      let isWanted = exchanges.withLock {
        $0[number]?.session = session
        return $0[number] != nil
      }
      if isWanted { task.resume() } else { end(session) }
    }
  }

  private static var configuration: URLSessionConfiguration {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    configuration.urlCredentialStorage = nil
    return configuration
  }

  /// Ends an exchange, once.
  func finish(_ number: Int, _ outcome: Outcome) {
    guard let exchange = exchanges.withLock({ $0.removeValue(forKey: number) }) else { return }
    exchange.continuation.resume(returning: outcome)
    if let session = exchange.session { end(session) }
  }

  func fail(_ number: Int, _ description: String, isPassing: Bool = false) {
    finish(number, .failure(HTTPClient.Failure(description: description, isPassing: isPassing)))
  }

  private func end(_ session: URLSession) { ending.async { session.invalidateAndCancel() } }

  // MARK: Delegate of URLSession

  private func number(_ task: URLSessionTask) -> Int { task.taskDescription.flatMap(Int.init) ?? 0 }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
    finish(number(task), .success(HTTPClient.Reply(status: response.statusCode, body: [])))
  }

  /// What is to be said of who asks is in the request already; asked for more, URLSession would send it
  /// again for ever.
  func urlSession(
    _ session: URLSession, task: URLSessionTask, didReceive challenge: URLAuthenticationChallenge,
    completionHandler:
      @escaping @Sendable (
        URLSession.AuthChallengeDisposition, URLCredential?
      ) -> Void
  ) {
    guard let response = challenge.failureResponse as? HTTPURLResponse else {
      return completionHandler(.performDefaultHandling, nil)
    }
    finish(number(task), .success(HTTPClient.Reply(status: response.statusCode, body: [])))
    completionHandler(.cancelAuthenticationChallenge, nil)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    if let response = response as? HTTPURLResponse {
      let pause = response.value(forHTTPHeaderField: "Retry-After").flatMap(Self.seconds)
      exchanges.withLock {
        let number = number(dataTask)
        $0[number]?.reply.status = response.statusCode
        $0[number]?.reply.retryAfter = pause
      }
    }
    completionHandler(.allow)
  }

  /// Seconds as `Retry-After` has them, digits only; as many as one likes.
  private static func seconds(_ text: String) -> Double? {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    return text.utf8.allSatisfy(digits.contains) ? Double(text) : nil
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let number = number(dataTask)
    let size = exchanges.withLock {
      $0[number]?.reply.body += data
      return $0[number]?.reply.body.count ?? 0
    }
    guard size > HTTPClient.largestReply else { return }
    fail(number, "its reply is longer than \(HTTPClient.largestReply) bytes")
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    let number = number(task)
    guard let error else {
      let reply = exchanges.withLock { $0[number]?.reply }
      if let reply { finish(number, .success(reply)) }
      return
    }
    let code = (error as? URLError)?.code
    // libcurl's errors for headers that are too large: one of them, or all together.
    if ["Out of memory", "Too large response headers"].contains(
      where: error.localizedDescription.hasPrefix)
    {
      return fail(number, "the headers of its reply are too long")
    }
    fail(
      number, Self.inWords(code) ?? error.localizedDescription,
      isPassing: code.map { !Self.lasting.contains($0) } ?? false)
  }

  /// What another try would meet again, or has no time for; anything else is a connection that failed,
  /// for which there are many codes.
  private static let lasting: [URLError.Code] = [
    .badURL, .unsupportedURL, .timedOut, .cancelled, .secureConnectionFailed,
    .serverCertificateHasBadDate, .serverCertificateUntrusted,
    .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid, .clientCertificateRejected,
    .clientCertificateRequired, .userAuthenticationRequired,
  ]

  private static func inWords(_ code: URLError.Code?) -> String? {
    switch code {
    case .cannotConnectToHost: "connection refused"
    case .cannotFindHost, .dnsLookupFailed: "no such host"
    case .networkConnectionLost: "the connection was lost"
    case .timedOut: "no reply in time"
    default: nil
    }
  }
}

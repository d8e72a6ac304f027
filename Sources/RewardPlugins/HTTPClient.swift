internal import Foundation
internal import Synchronization

#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// Sends requests whose time and reply are bounded, and follows no redirect.
final class HTTPClient: Sendable {
  /// Why there is no reply, in one line.
  struct Failure: Error, CustomStringConvertible {
    var description: String
    /// Whether another try may do better.
    var isPassing = false
    /// How many seconds the server asks to wait before it.
    var retryAfter: Double?
  }

  struct Reply: Sendable {
    var status: Int
    var body: [UInt8]
    var retryAfter: Double?

    /// The body of a reply of status 200.
    func success() throws(Failure) -> [UInt8] {
      if status == 200 { return body }
      throw Failure(
        description: "status \(status)" + (body.isEmpty ? "" : ": \(RewardMessage.excerpt(body))"),
        isPassing: [429, 502, 503, 504].contains(status), retryAfter: retryAfter)
    }
  }

  static let largestReply = 8 << 20

  private let session: URLSession
  private let exchanges = Exchanges()

  init() {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    session = URLSession(
      configuration: configuration, delegate: exchanges, delegateQueue: nil)
  }

  deinit { session.invalidateAndCancel() }

  /// The reply, whatever its status; cancelling the task ends the exchange.
  ///
  /// - Parameter seconds: from now to the end of the reply.
  func send(_ request: URLRequest, within seconds: Double) async throws(Failure) -> Reply {
    guard seconds > 0 else { throw Failure(description: "no time left") }
    var request = request
    // URLSession's own limit is between two pieces of a reply; the clock below is for the whole.
    request.timeoutInterval = seconds + 5
    let task = session.dataTask(with: request)
    let clock = Task {
      try await Task.sleep(for: .seconds(seconds))
      exchanges.finish(task, .failure(Failure(description: "no reply in time")))
    }
    defer { clock.cancel() }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        exchanges.begin(task, continuation)
        task.resume()
      }
    } onCancel: {
      exchanges.finish(task, .failure(Failure(description: "cancelled")))
    }
    return try result.get()
  }
}

/// What is under way, by task; told by URLSession how it goes.
private final class Exchanges: NSObject, URLSessionDataDelegate {
  typealias Outcome = Result<HTTPClient.Reply, HTTPClient.Failure>

  private struct Exchange {
    var continuation: CheckedContinuation<Outcome, Never>
    var reply = HTTPClient.Reply(status: 0, body: [])
  }

  private let exchanges = Mutex<[Int: Exchange]>([:])

  func begin(_ task: URLSessionTask, _ continuation: CheckedContinuation<Outcome, Never>) {
    exchanges.withLock { $0[task.taskIdentifier] = Exchange(continuation: continuation) }
    // A task that was cancelled before it could be entered here.
    if Task.isCancelled {
      finish(task, .failure(HTTPClient.Failure(description: "cancelled")))
    }
  }

  /// Ends an exchange, once.
  func finish(_ task: URLSessionTask, _ outcome: Outcome) {
    let exchange = exchanges.withLock { $0.removeValue(forKey: task.taskIdentifier) }
    // First: whoever waits may let go of the session, and ending both at once has hung.
    task.cancel()
    exchange?.continuation.resume(returning: outcome)
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
    completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
    finish(
      task,
      .success(HTTPClient.Reply(status: response.statusCode, body: [], retryAfter: nil)))
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    exchanges.withLock {
      guard let response = response as? HTTPURLResponse else { return }
      $0[dataTask.taskIdentifier]?.reply.status = response.statusCode
      $0[dataTask.taskIdentifier]?.reply.retryAfter =
        response
        .value(forHTTPHeaderField: "Retry-After").flatMap(Double.init)
        .flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    let size = exchanges.withLock { exchanges in
      exchanges[dataTask.taskIdentifier]?.reply.body += data
      return exchanges[dataTask.taskIdentifier]?.reply.body.count ?? 0
    }
    guard size > HTTPClient.largestReply else { return }
    finish(
      dataTask,
      .failure(
        HTTPClient.Failure(
          description: "its reply is longer than \(HTTPClient.largestReply) bytes")))
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    guard let error else {
      let reply = exchanges.withLock { $0[task.taskIdentifier]?.reply }
      if let reply { finish(task, .success(reply)) }
      return
    }
    let code = (error as? URLError)?.code
    let passing: [URLError.Code] = [
      .cannotConnectToHost, .networkConnectionLost, .cannotFindHost, .dnsLookupFailed,
    ]
    finish(
      task,
      .failure(
        HTTPClient.Failure(
          description: Self.inWords(code) ?? error.localizedDescription,
          isPassing: code.map(passing.contains) ?? false)))
  }

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

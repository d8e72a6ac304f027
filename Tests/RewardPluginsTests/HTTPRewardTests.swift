import Formats
import Foundation
import Glibc
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// A port that is taken, so that no other test's server gets it, and on which nobody listens.
private final class DeafPort {
  private let socket: Int32
  let number: UInt16

  init() throws {
    let socket = Glibc.socket(
      AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    // SAFETY: both calls get an address and its size, and keep neither.
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe bind(socket, address, size) == 0 && getsockname(socket, address, &size) == 0
      }
    }
    try #require(isBound)
    self.socket = socket
    number = UInt16(bigEndian: address.sin_port)
  }

  deinit { close(socket) }
}

@Suite(.inTurn) struct HTTPRewardTests {
  /// A reward whose tests have no deadline: a busy machine may take its time.
  private func patient(
    _ url: String, name: String? = nil, headers: [String: String] = [:]
  ) throws -> HTTPReward {
    try HTTPReward([url], name: name, timeout: PluginOptions.longestTimeout, headers: headers)
  }

  @Test func aServerOfOpenRLHFScores() async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          scores = [float(query.endswith(label))
                    for query, label in zip(request["query"], request["labels"])]
          assert request["prompts"] == ["2+2=", "2+2="]
          reply(handler, {"rewards": scores, "scores": scores, "extra_logs": {"dummy": scores}})
      """)
    let reward = try patient(server.url)
    #expect(reward.name == "get_reward")
    try await reward.start()
    let response = try await reward.score(.of("4", "5"))
    #expect(response.scores == [.value(1), .value(0)])
    #expect(response.metrics.map(\.name.text) == ["dummy"] && response.metrics[0].value == 0.5)
    await reward.stop()
  }

  @Test func severalServersShareABatch() async throws {
    var servers: [ScriptServer] = []
    for score in 1...2 {
      servers.append(
        try await ScriptServer(
          """
          def answer(handler, request):
              reply(handler, {"rewards": [\(score)] * len(request["query"])})
          """))
    }
    var request = RewardRequest.of("a", "b", "c")
    request.completions[2].prompt = "another"
    let reward = try HTTPReward(servers.map(\.url), timeout: PluginOptions.longestTimeout)
    #expect(try await reward.score(request).scores == [.value(1), .value(1), .value(2)])
  }

  @Test(arguments: [
    ("reply(handler, 'no', 500)", "status 500: no"),
    ("reply(handler, '<html>', 200)", "reply: no JSON"),
    ("reply(handler, {'rewards': [1]})", "reply: rewards: got 1 values; sent 2 completions"),
    ("reply(handler, '{\"rewards\": [NaN, 1]}')", "reply: rewards[0]: got nan; need a number"),
    ("reply(handler, {'rewards': [1, 2], 'id': -99})", "reply: id: got -99; need "),
    ("reply(handler, '', 302, Location='http://169.254.169.254/')", "status 302"),
    ("reply(handler, 'x' * (9 << 20))", "its reply is longer than 8388608 bytes"),
  ])
  func whateverElseComesFailsTheScores(answer: String, reason: String) async throws {
    let server = try await ScriptServer("def answer(handler, request): \(answer)")
    let response = try await patient(server.url).score(.of("4", "5"))
    #expect(failure(response.scores)?.hasPrefix(reason) == true, "\(response.scores)")
    #expect(response.counts.isEmpty && server.count == 1)
  }

  @Test(arguments: [
    "time.sleep(1000)", "handler.send_response(200); handler.wfile.flush(); time.sleep(1000)",
  ])
  func aServerThatIsTooSlowFailsTheScores(answer: String) async throws {
    let server = try await ScriptServer("def answer(handler, request): \(answer)")
    let response = try await HTTPReward([server.url], timeout: 0.5).score(.of("4", "5"))
    #expect(failure(response.scores) == "no reply in time")
    // It may have been too slow to see the request.
    #expect(response.counts.isEmpty && server.count <= 1)
  }

  @Test(arguments: [429, 502, 503, 504])
  func aPassingTroubleIsTriedAgain(status: Int) async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          if count < 3: reply(handler, "busy", \(status), Retry_After="0.01")
          else: reply(handler, {"rewards": [1, 2]})
      """)
    let response = try await patient(server.url).score(.of("4", "5"))
    #expect(response.scores == [.value(1), .value(2)])
    #expect(response.counts.map(\.name.text) == ["retries"] && response.counts[0].value == 2)
  }

  /// What a server does to a connection, and the reason that is given when it does so each time.
  static let losses = [
    ("handler.connection.shutdown(2); handler.close_connection = True", "Empty reply from server"),
    (
      "handler.connection.setsockopt(1, 13, b'\\x01\\0\\0\\0\\0\\0\\0\\0'); "
        + "handler.connection.close(); handler.close_connection = True", "the connection was lost"
    ),
    (
      "handler.wfile.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 99\\r\\n\\r\\n{'); "
        + "handler.close_connection = True", "transfer closed with 98 bytes remaining to read"
    ),
  ]

  @Test(arguments: losses)
  func aLostConnectionIsTriedAgainWithTheWholeRequest(loss: String, _: String) async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          if count == 2: \(loss)
          else: reply(handler, {"rewards": [1, 2], "id": request["id"]})
      """)
    let reward = try patient(server.url)
    #expect(try await reward.score(.of("4", "5")).scores == [.value(1), .value(2)])
    let response = try await reward.score(.of("4", "5"))
    #expect(response.scores == [.value(1), .value(2)])
    #expect(response.counts.map(\.name.text) == ["retries"] && response.counts[0].value == 1)
    #expect(server.bodies.count == 3 && Set(server.bodies).count == 1)
  }

  @Test(arguments: losses)
  func aConnectionThatIsAlwaysLostFailsTheScores(loss: String, reason: String) async throws {
    let server = try await ScriptServer("def answer(handler, request): \(loss)")
    let response = try await patient(server.url).score(.of("4", "5"))
    #expect(failure(response.scores) == reason)
    #expect(server.count == 3)
  }

  /// A server that closes a connection that it said it would keep.
  @Test func aConnectionIsNotUsedTwice() async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          reply(handler, {"rewards": [1, 2]})
          handler.close_connection = True
      """)
    let reward = try patient(server.url)
    for _ in 0..<3 {
      let response = try await reward.score(.of("4", "5"))
      #expect(response.scores == [.value(1), .value(2)] && response.counts.isEmpty)
    }
    #expect(server.bodies.count == 3)
  }

  @Test(arguments: [401, 403, 407])
  func refusedCredentialsEndTheRun(status: Int) async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          reply(handler, "no", \(status), WWW_Authenticate="Basic realm=x")
      """)
    let url = server.url(user: "me:secret", query: "token=secret")
    let reward = try patient(url, name: "far")
    let shown = server.url(user: "***", query: "***")
    await #expect(
      throws: RewardError.credentialsRefused(
        reward: "far", problem: "\(shown): status \(status)" + (status == 401 ? "" : ": no"))
    ) {
      try await reward.score(.of("4", "5"))
    }
    #expect(server.count == 1)
  }

  /// What a server says again of what it was told, in its refusal, its reply and its error.
  @Test(arguments: [
    "reply(handler, said, 500)", "reply(handler, said, 200)", "reply(handler, {'error': said})",
    "reply(handler, {'error': [said, said]})", "reply(handler, {'rewards': said})",
  ])
  func whatAServerIsToldIsNotSaidAgain(answer: String) async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          said = " ".join([handler.headers["Authorization"], handler.headers["X-Key"], handler.path])
          \(answer)
      """)
    for (user, headers) in [
      ("SECRETU:SECRETP", ["X-Key": "SECRETK"]),
      ("u", ["X-Key": "SECRETK", "Authorization": "Bearer SECRETT"]),
    ] {
      let url = server.url(user: user, query: "key=SECRETQ%21")
      let reason = failure(try await patient(url, headers: headers).score(.of("4", "5")).scores)
      let text = try #require(reason)
      #expect(text.contains("*** *** /get_reward?***"), "\(text)")
      #expect(!text.contains("SECR") && !text.contains("U0VDUkVUVTpT"))
    }
  }

  /// Where an excerpt ends within a secret, too.
  @Test(arguments: [
    "reply(handler, 'x' * 76 + 'SECRETT', 500)", "reply(handler, 'x' * 76 + 'SECRETT')",
  ])
  func aSecretIsNotShownInPart(answer: String) async throws {
    let server = try await ScriptServer("def answer(handler, request): \(answer)")
    let reward = try patient(server.url, headers: ["Authorization": "Bearer SECRETT"])
    let text = try #require(failure(try await reward.score(.of("4", "5")).scores))
    #expect(text.hasSuffix("xxx***") && !text.contains("SEC"), "\(text)")
  }

  @Test(arguments: ["1e300", "0x1p5", "99999999999999999999999999"])
  func aPauseThatNobodyCanWaitForFailsTheScoresOrIsNone(pause: String) async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          if count < 2: reply(handler, "busy", 503, Retry_After="\(pause)")
          else: reply(handler, {"rewards": [1, 2]})
      """)
    let scores = try await patient(server.url).score(.of("4", "5")).scores
    let isNumber = pause.allSatisfy(\.isNumber)
    #expect(scores == [.value(1), .value(2)] || isNumber && failure(scores) == "status 503: busy")
  }

  @Test func idsAreNotGivenTwiceByAnotherReward() async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request): reply(handler, {"rewards": [request["id"]] * 2})
      """)
    var ids: [Score] = []
    for _ in 0..<3 { ids.append(try await patient(server.url).score(.of("4", "5")).scores[0]) }
    #expect(Set(ids.compactMap(\.total)).count == 3)
  }

  @Test func anAddressOfIPv6IsRefusedInWords() {
    #expect {
      _ = try HTTPReward(["http://me:SECRET@[::1]:8766/r"])
    } throws: {
      "\($0)".contains("http://***@[::1]:8766/r: IPv6 addresses are not supported")
    }
  }

  @Test(arguments: ["X1='x' * 200_000", "**{f'X{i}': 'x' * 60_000 for i in range(8)}"])
  func headersThatAreTooLongAreToldAndNotAskedForAgain(headers: String) async throws {
    let server = try await ScriptServer(
      """
      def answer(handler, request):
          reply(handler, {"rewards": [1, 2]}, 200, \(headers))
      """)
    let response = try await patient(server.url).score(.of("4", "5"))
    #expect(failure(response.scores) == "the headers of its reply are too long")
    #expect(server.count == 1 && response.counts.isEmpty)
  }

  @Test func userInfoQueryAndHeadersAreSent() async throws {
    let server = try await ScriptServer(
      "def answer(handler, request): reply(handler, {'rewards': [1, 2]})")
    var url = server.url(user: "me:s%2Fcret", query: "token=a%20b")
    _ = try await patient(url, headers: ["X-Key": "k"]).score(.of("4", "5"))
    #expect(server.headers["Authorization"] == "Basic bWU6cy9jcmV0")
    #expect(server.headers["X-Key"] == "k" && server.headers["path"] == "/get_reward?token=a%20b")
    url = server.url(user: "me", query: "")
    _ = try await patient(url, headers: ["Authorization": "Bearer t"]).score(.of("4", "5"))
    #expect(server.headers["Authorization"] == "Bearer t")
  }

  @Test(arguments: [
    ["X-Key": "a\r\nHost: evil"], ["Host": "x"], ["content-length": "3"], ["": "x"], ["a b": "x"],
  ])
  func headersAreNoWayAroundTheProtocol(headers: [String: String]) {
    #expect {
      _ = try HTTPReward(["http://127.0.0.1/x"], headers: headers)
    } throws: {
      !String(describing: $0).contains("evil")
    }
  }

  /// A server sees what was written, with what must not stand in a URL escaped.
  @Test(arguments: [
    ("/x?k=a%2Bb&q=é", "/x?k=a%2Bb&q=%C3%A9"), ("/a%20b c?q=1 2", "/a%20b%20c?q=1%202"),
    ("/x?q=100%&r=%zz", "/x?q=100%25&r=%25zz"), ("/x?q=[a]|{b}", "/x?q=%5Ba%5D%7C%7Bb%7D"),
    ("/x?k=a%2Bb", "/x?k=a%2Bb"), ("/x#y z", "/x"),
  ])
  func escapesOfAURLAreKept(written: String, sent: String) async throws {
    let server = try await ScriptServer(
      "def answer(handler, request): reply(handler, {\"rewards\": [1.0, 0.0]})")
    let place = server.url.replacing("http://", with: "http://us%65r:pä%40@s@").replacing(
      "/get_reward", with: written)
    let reward = try patient(place)
    #expect(try await reward.score(.of("4", "5")).scores == [.value(1), .value(0)])
    let headers = server.headers
    #expect(headers["path"]?.string == sent)
    let credentials = Data("user:pä@@s".utf8).base64EncodedString()
    #expect(headers["Authorization"]?.string == "Basic \(credentials)")
  }

  @Test(arguments: [
    ("http://a.example/x", "http://a.example/y", true), ("http://a.b/", "https://B:8/", true),
    ("http://a.b/", "http://ab/", false), ("http://b/", "http://a.b/", false),
  ])
  func aProxyAndNoneForTheSameHostAreRefused(
    through: String, without: String, isRefused: Bool
  ) throws {
    let rewards = [
      try HTTPReward([through], name: "one", usesProxy: true), try HTTPReward([without]),
    ]
    if isRefused {
      #expect(throws: RewardError.self) { try HTTPReward.checkProxies(of: rewards) }
    } else {
      try HTTPReward.checkProxies(of: rewards)
    }
    try HTTPReward.checkProxies(of: [rewards[0], try HTTPReward([without], usesProxy: true)])
  }

  /// libcurl asks the proxy of `http_proxy` unless it is told otherwise.
  @Test func hostsAreExemptFromTheProxyUnlessItIsAskedFor() throws {
    _ = try HTTPReward(["http://with.proxy.invalid/x"], usesProxy: true)
    _ = try HTTPReward(["http://without.proxy.invalid/x"])
    let exempt = try #require(ProcessInfo.processInfo.environment["no_proxy"]).split(separator: ",")
    #expect(exempt.contains("without.proxy.invalid") && !exempt.contains("with.proxy.invalid"))
  }

  @Test func aRedactedAddressCannotBeAsked() {
    for url in ["http://***@x/y", "http://x/y?***"] {
      #expect {
        _ = try HTTPReward([url])
      } throws: {
        String(describing: $0).hasSuffix(
          "the run's copy of the recipe omits this secret (need it again)")
      }
    }
  }

  @Test func threeTriesAreAllThereAre() async throws {
    let server = try await ScriptServer(
      "def answer(handler, request): reply(handler, 'busy', 503, Retry_After='0.01')")
    let response = try await patient(server.url).score(.of("4", "5"))
    #expect(failure(response.scores) == "status 503: busy")
    #expect(server.count == 3)
  }

  @Test func aLongWaitThatIsAskedForEndsWithTheTime() async throws {
    let server = try await ScriptServer(
      "def answer(handler, request): reply(handler, 'busy', 429, Retry_After='1000000000')")
    let response = try await patient(server.url).score(.of("4", "5"))
    #expect(failure(response.scores) == "status 429: busy")
    #expect(server.count == 1)
  }

  @Test func aServerThatIsNotThereDoesNotStart() async throws {
    let port = try DeafPort()
    let url = "http://127.0.0.1:\(port.number)/x"
    let reward = try patient(url, name: "far")
    await #expect(
      throws: RewardError.cannotStart(reward: "far", problem: "\(url): connection refused")
    ) {
      try await reward.start()
    }
    let response = try await reward.score(.of("4", "5"))
    #expect(failure(response.scores) == "connection refused")
    #expect(response.counts.map(\.value) == [2])
    withExtendedLifetime(port) {}
  }

  @Test func cancellingARequestEndsIt() async throws {
    let server = try await ScriptServer("def answer(handler, request): time.sleep(1000)")
    let reward = try patient(server.url)
    let request = Task { try await reward.score(.of("4", "5")) }
    try await waitUntil { server.count > 0 }
    request.cancel()
    await #expect(throws: CancellationError.self) { _ = try await request.value }
  }

  @Test(arguments: ["", "score", "ftp://x/y", "http://", "file:///etc/passwd", "http:/x"])
  func onlyWebAddressesAreTaken(url: String) {
    #expect(!HTTPReward.isURL(url))
    #expect(throws: RewardError.self) { _ = try HTTPReward([url]) }
  }
}

import Formats
import Foundation
import Glibc
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// A server of one test, in Python: `answer(handler, request)` is what it does with a request.
final class ScriptServer {
  private let folder: ScriptFolder
  private let process: ChildProcess
  private let port: Int

  init(_ answer: String) async throws {
    folder = try ScriptFolder()
    try folder.write(
      "server.py",
      """
      import http.server, json, os, sys, time
      count = 0
      def reply(handler, body, status=200, **headers):
          data = (body if isinstance(body, str) else json.dumps(body)).encode()
          handler.send_response(status)
          for name, value in headers.items(): handler.send_header(name.replace("_", "-"), value)
          handler.send_header("Content-Length", str(len(data)))
          handler.end_headers()
          handler.wfile.write(data)
      \(answer)
      class Handler(http.server.BaseHTTPRequestHandler):
          protocol_version = "HTTP/1.1"
          def do_GET(self): reply(self, "{}", 405)
          def do_POST(self):
              global count
              count += 1
              body = self.rfile.read(int(self.headers["Content-Length"]))
              json.dump(dict(self.headers, path=self.path), open("headers", "w"))
              request = json.loads(body)
              open("bodies", "a").write(f"{len(body) - len(str(request['id']))}\\n")
              open("count.tmp", "w").write(str(count))
              os.rename("count.tmp", "count")
              try: answer(self, request)
              except BrokenPipeError: pass
          def log_message(self, *arguments): pass
      server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
      open("port.tmp", "w").write(str(server.server_address[1]))
      os.rename("port.tmp", "port")
      server.serve_forever()
      """)
    process = try await ChildProcess(["python3", "server.py"], in: folder.path)
    let (folder, process) = (folder, process)
    try await waitUntil { folder.read("port") != nil || !process.isRunning }
    port = try #require(folder.read("port").flatMap { Int($0) })
  }

  deinit {
    process.send(SIGKILL)
  }

  var url: String { "http://127.0.0.1:\(port)/get_reward" }
  /// The address with user info and a query.
  func url(user: String, query: String) -> String {
    "http://\(user)@127.0.0.1:\(port)/get_reward?\(query)"
  }

  /// The headers of the last request that was posted, and its `path`.
  var headers: JSONObject {
    (try? JSON(parsing: Array((folder.read("headers") ?? "").utf8), file: "headers").object) ?? [:]
  }

  /// The sizes of the bodies that came, without the digits of their ids, which all servers share.
  var bodies: [Int] { (folder.read("bodies") ?? "").split(separator: "\n").compactMap { Int($0) } }

  /// How many requests were posted.
  var count: Int { folder.read("count").flatMap { Int($0) } ?? 0 }
}

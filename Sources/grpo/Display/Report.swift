import Formats

/// What a command says of its result on standard output, for people or for programs.
protocol Report {
  var lines: [String] { get }
  var encoded: JSONObject { get }
}

extension Report {
  func text(json: Bool) -> String {
    json ? JSON.object(encoded).encoded() : lines.joined(separator: "\n")
  }

  func write(json: Bool) throws { try StandardOutput.write(line: text(json: json)) }
}

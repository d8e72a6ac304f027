internal import Formats
package import Rewards

/// The protocol of rewards that live in another process, one JSON object each way: `protocol.md`.
///
/// A reply is checked in full before anything of it is believed. `end` of a step's reward is an
/// exclusive offset in bytes; the token that holds the byte before gets the reward.
package enum RewardMessage {
  /// What is wrong with a reply, in one line.
  package struct ReplyError: Error, Equatable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
  }

  /// What this protocol is called when processes are asked for it.
  private static let version = 1

  /// The request that a process must answer before any other, newline included.
  package static var handshake: [UInt8] {
    var message: JSONObject = ["protocol": .integer(version)]
    for (key, value) in object(RewardRequest(step: 0, completions: []), id: 0).entries {
      message[key] = value
    }
    return line(message)
  }

  /// Whether a line answers ``handshake``.
  package static func checkHandshake(_ line: [UInt8]) throws(ReplyError) {
    if let found = try parse(line)["protocol"], found != .integer(version) {
      throw ReplyError("protocol: got \(brief(found)); need \(version)")
    }
    _ = try decode(line, id: 0, completions: [])
  }

  /// The request as one line, newline included.
  package static func encode(_ request: RewardRequest, id: Int) -> [UInt8] {
    line(object(request, id: id))
  }

  private static func line(_ message: JSONObject) -> [UInt8] {
    JSON.object(message).encodedBytes() + [UInt8(ascii: "\n")]
  }

  private static func object(_ request: RewardRequest, id: Int) -> JSONObject {
    let completions = request.completions
    func list(_ value: (Completion) -> JSON) -> JSON { .array(completions.map(value)) }

    // Columns in the order in which rows first show them.
    var columns = JSONObject()
    var seen: Set<ByteKey> = []
    for completion in completions {
      for column in completion.columns.keys where seen.insert(ByteKey(column)).inserted {
        columns[column] = list { $0.columns[column] ?? .null }
      }
    }

    return [
      "id": .integer(id),
      "step": .integer(request.step),
      "query": list { .string($0.prompt + $0.text) },
      "prompts": list { .string($0.prompt) },
      "completions": list { .string($0.text) },
      "completion_ids": list { .array($0.tokenIDs.map(JSON.integer)) },
      "finish_reasons": list { .string($0.finishReason.rawValue) },
      "labels": list { $0.answer.map(JSON.string) ?? .null },
      "columns": .object(columns),
    ]
  }

  /// The scores that a reply line gives `completions`, checked in full.
  package static func decode(
    _ line: [UInt8], id: Int, completions: [Completion]
  ) throws(ReplyError) -> RewardResponse {
    let reply = try parse(line)
    if let found = reply["id"], found != .integer(id) {
      throw ReplyError("id: got \(brief(found)); need \(id)")
    }
    var errors = [String?](repeating: nil, count: completions.count)
    if let found = reply["error"], !found.isNull {
      if let text = found.string {
        return RewardResponse(scores: completions.map { _ in .failed(text) })
      }
      errors = try list("error", in: reply, count: completions.count) {
        (element, path) throws(ReplyError) in
        guard let element else { return nil }
        guard let text = element.string else {
          throw ReplyError("\(path): got \(brief(element)); need a text or null")
        }
        return text
      }
    }

    let steps = try steps(in: reply, completions)
    let rewards = try rewards(in: reply, count: completions.count, mayLack: steps != nil)
    var scores: [Score] = []
    for position in completions.indices {
      if let error = errors[position] {
        scores.append(.failed(error))
      } else if let steps = steps?[position] {
        guard rewards[position] == nil else {
          throw ReplyError("rewards[\(position)]: need null where step_rewards has a list")
        }
        do {
          scores.append(try completions[position].score(of: steps))
        } catch {
          scores.append(.failed(String(describing: error)))
        }
      } else {
        scores.append(rewards[position].map(Score.value) ?? .notApplicable)
      }
    }
    return RewardResponse(
      scores: scores, metrics: try metrics(in: reply),
      columns: try columns(in: reply, count: completions.count),
      seconds: try seconds(in: reply, count: completions.count))
  }

  private static func parse(_ line: [UInt8]) throws(ReplyError) -> JSONObject {
    let json: JSON
    do {
      json = try JSON(
        parsing: line, file: "reply",
        limits: JSON.Limits(maximumBytes: max(line.count, 1), maximumDepth: 64))
    } catch {
      throw ReplyError("no JSON (\(error.message)): \(excerpt(line))")
    }
    guard let object = json.object else {
      throw ReplyError("got \(json.kindInWords); need an object: \(excerpt(line))")
    }
    return object
  }

  private static func rewards(
    in reply: JSONObject, count: Int, mayLack: Bool
  ) throws(ReplyError) -> [Double?] {
    if reply["rewards"] == nil {
      guard mayLack else { throw ReplyError("rewards: missing") }
      return [Double?](repeating: nil, count: count)
    }
    return try list("rewards", in: reply, count: count) {
      (element, path) throws(ReplyError) in
      guard let element else { return nil }
      return try number(element, path, need: "a number or null")
    }
  }

  private static func steps(
    in reply: JSONObject, _ completions: [Completion]
  ) throws(ReplyError) -> [[(end: Int, reward: Double)]?]? {
    guard let found = reply["step_rewards"], !found.isNull else { return nil }
    var position = -1
    return try list("step_rewards", in: reply, count: completions.count) {
      (element, path) throws(ReplyError) in
      position += 1
      guard let element else { return nil }
      guard let steps = element.array else {
        throw ReplyError("\(path): got \(brief(element)); need a list or null")
      }
      let length = completions[position].text.utf8.count
      var rewarded: [(end: Int, reward: Double)] = []
      for (number, step) in steps.enumerated() {
        guard let end = step["end"]?.int, end >= 1, end <= length else {
          throw ReplyError(
            "\(path)[\(number)].end: got \(brief(step["end"] ?? .null)); need a step's end in "
              + "bytes, 1 to \(length)")
        }
        let reward = try Self.number(
          step["reward"] ?? .null, "\(path)[\(number)].reward", need: "a number")
        rewarded.append((end, reward))
      }
      return rewarded
    }
  }

  private static func columns(
    in reply: JSONObject, count: Int
  ) throws(ReplyError) -> [(name: String, values: [JSON])] {
    guard let found = reply["columns"], !found.isNull else { return [] }
    guard let object = found.object else {
      throw ReplyError("columns: got \(brief(found)); need an object")
    }
    var columns: [(name: String, values: [JSON])] = []
    for (name, value) in object.entries {
      guard let values = value.array, values.count == count else {
        throw ReplyError(
          "columns.\(oneLine(name)): got \(value.array.map { "\($0.count) values" } ?? brief(value))"
            + "; sent \(count) completions")
      }
      columns.append((name, values))
    }
    return columns
  }

  private static func seconds(
    in reply: JSONObject, count: Int
  ) throws(ReplyError) -> [Double]? {
    guard let found = reply["seconds"], !found.isNull else { return nil }
    return try list("seconds", in: reply, count: count) { (element, path) throws(ReplyError) in
      let seconds = try number(element ?? .null, path, need: "seconds")
      guard seconds >= 0 else { throw ReplyError("\(path): got \(seconds); need seconds from 0") }
      return seconds
    }
  }

  private static func metrics(
    in reply: JSONObject
  ) throws(ReplyError) -> [(name: String, value: Double)] {
    var metrics: [(name: String, value: Double)] = []
    for key in ["metrics", "extra_logs"] {
      guard let found = reply[key], !found.isNull else { continue }
      guard let object = found.object else {
        throw ReplyError("\(key): got \(brief(found)); need an object")
      }
      for (name, value) in object.entries {
        let path = "\(key).\(oneLine(name))"
        if key == "extra_logs", let elements = value.array {
          guard !elements.isEmpty else { continue }
          var sum = 0.0
          for element in elements { sum += try number(element, path, need: "only numbers") }
          metrics.append((name, sum / Double(elements.count)))
        } else {
          metrics.append((name, try number(value, path, need: "a number")))
        }
      }
    }
    return metrics
  }

  /// The elements of the list `key`, of which there must be `count`; null is passed on as nil.
  private static func list<Element>(
    _ key: String, in reply: JSONObject, count: Int,
    _ read: (JSON?, _ path: String) throws(ReplyError) -> Element
  ) throws(ReplyError) -> [Element] {
    guard let elements = reply[key]?.array else {
      throw ReplyError("\(key): got \(brief(reply[key] ?? .null)); need a list")
    }
    guard elements.count == count else {
      throw ReplyError("\(key): got \(elements.count) values; sent \(count) completions")
    }
    var values: [Element] = []
    for (position, element) in elements.enumerated() {
      // A bare nil would become `JSON.null` here.
      values.append(try read(element.isNull ? .none : .some(element), "\(key)[\(position)]"))
    }
    return values
  }

  private static func number(
    _ value: JSON, _ path: String, need: String
  ) throws(ReplyError) -> Double {
    guard let number = value.double, number.isFinite else {
      throw ReplyError("\(path): got \(brief(value)); need \(need)")
    }
    return number
  }

  // MARK: The other side

  /// A request's line, read by one that answers it.
  static func request(_ line: [UInt8]) throws(ReplyError) -> (id: Int, RewardRequest) {
    let object = try parse(line)
    guard let id = object["id"]?.int, let step = object["step"]?.int,
      let texts = object["completions"]?.array
    else { throw ReplyError("no request: \(excerpt(line))") }
    func list(_ key: String) -> [JSON] {
      object[key]?.array ?? Array(repeating: .null, count: texts.count)
    }
    let (prompts, labels) = (list("prompts"), list("labels"))
    let (ids, reasons) = (list("completion_ids"), list("finish_reasons"))
    let columns = object["columns"]?.object ?? [:]
    guard [prompts, labels, ids, reasons].allSatisfy({ $0.count == texts.count }),
      columns.entries.allSatisfy({ $0.value.array?.count == texts.count })
    else { throw ReplyError("no request, lists differ in length: \(excerpt(line))") }
    var completions: [Completion] = []
    for place in texts.indices {
      completions.append(
        Completion(
          prompt: prompts[place].string ?? "", text: texts[place].string ?? "",
          tokenIDs: ids[place].array?.compactMap(\.int) ?? [],
          finishReason: reasons[place].string.flatMap(FinishReason.init) ?? .stop,
          answer: labels[place].string,
          columns: JSONObject(
            columns.entries.map { ($0.key, $0.value.array?[place] ?? .null) })))
    }
    return (id, RewardRequest(step: step, completions: completions))
  }

  /// The reply that gives each completion a number, nothing, or the reason why it has none.
  static func encode(_ scores: [Score], id: Int) -> [UInt8] {
    let errors: [JSON] = scores.map {
      if case .failed(let reason) = $0.outcome { .string(reason) } else { .null }
    }
    let message: JSON = [
      "rewards": .array(scores.map { $0.total.map { .number($0) } ?? .null }),
      "error": .array(errors), "id": .integer(id),
    ]
    return message.encodedBytes()
  }

  private static func brief(_ value: JSON) -> String { excerpt(value.encodedBytes()) }

  /// The start of a text for a message.
  static func excerpt(_ bytes: some Collection<UInt8>) -> String {
    let text = oneLine(String(decoding: bytes.prefix(80), as: UTF8.self))
    return bytes.count > 80 ? text + "…" : text
  }
}

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

  /// A reply that does not say which request it answers.
  package struct MissingID: Error {}

  /// What this protocol is called when processes are asked for it.
  private static let version = 1

  /// The request that a process must answer before any other, newline included.
  static var handshake: [UInt8] {
    var message: JSONObject = ["protocol": .integer(version)]
    for (key, value) in object(RewardRequest(step: 0, completions: []), id: 0).entries {
      message[key] = value
    }
    return line(message)
  }

  /// Whether a line answers ``handshake``.
  static func checkHandshake(_ line: [UInt8]) throws(ReplyError) {
    if let found = try parse(line)["protocol"], found != .integer(version) {
      throw ReplyError("protocol: got \(brief(found)); need \(version)")
    }
    _ = try scores(in: try parse(line, id: 0), [])
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

    let columns = request.columnNames.map { name in (name, list { $0.columns[name] ?? .null }) }

    var message: JSONObject = [
      "id": .integer(id),
      "step": .integer(request.step),
      "query": list { .string($0.prompt + $0.text) },
      "prompts": list { .string($0.prompt) },
      "completions": list { .string($0.text) },
      "completion_ids": list { .array($0.tokenIDs.map(JSON.integer)) },
      "finish_reasons": list { .string($0.finishReason.rawValue) },
      "labels": list(\.label),
      "columns": .object(JSONObject(columns)),
    ]
    if let progress = request.progress { message["trainer_state"] = .object(progress.trainerState) }
    return message
  }

  /// The scores that a reply line gives `completions`, checked in full.
  ///
  /// - Throws: `ReplyError`, or `MissingID` where `ids` are required.
  package static func decode(
    _ line: [UInt8], id: Int, _ ids: PluginOptions.IDs, completions: [Completion]
  ) throws -> RewardResponse {
    let reply = try parse(line, id: id)
    if ids == .required, hasNoID(reply) { throw MissingID() }
    var response = RewardResponse(scores: try scores(in: reply, completions))
    response.take(log(in: reply, count: completions.count))
    return response
  }

  /// The id that a line has.
  static func id(of line: [UInt8]) -> Int? { (try? parse(line))?["id"]?.int }

  /// Whether a line could be meant as a reply.
  static func isReply(_ line: [UInt8]) -> Bool {
    guard line.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return false }
    let reply = try? parse(line)
    return ["rewards", "step_rewards", "error"].contains { reply?[$0] != nil }
  }

  /// A reply to request `id`, or to one that it does not name.
  ///
  /// Every reply comes through here, that of a server and to the handshake included: one with the id
  /// of another request is never believed.
  private static func parse(_ line: [UInt8], id: Int) throws(ReplyError) -> JSONObject {
    let reply = try parse(line)
    if let found = reply["id"], !hasNoID(reply), found != .integer(id) {
      throw ReplyError("id: got \(brief(found)); need \(id)")
    }
    return reply
  }

  private static func hasNoID(_ reply: JSONObject) -> Bool { reply["id"]?.isNull ?? true }

  private static func scores(
    in reply: JSONObject, _ completions: [Completion]
  ) throws(ReplyError) -> [Score] {
    var errors = [String?](repeating: nil, count: completions.count)
    if let found = reply["error"], !found.isNull {
      if let text = found.string { return completions.map { _ in .failed(text) } }
      errors = try list("error", in: reply, count: completions.count) {
        (element, _, path) throws(ReplyError) in
        guard let element else { return nil }
        guard let text = element.string else {
          throw ReplyError("\(path): got \(brief(element)); need a text or null")
        }
        return text
      }
    }

    let steps = try steps(in: reply, completions)
    let isLacking = reply["rewards"] == nil
    let rewards = try rewards(
      in: reply, count: completions.count,
      mayLack: steps != nil || !errors.isEmpty && errors.allSatisfy { $0 != nil })
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
      } else if isLacking {
        scores.append(.failed("step_rewards[\(position)]: got null, and there are no rewards"))
      } else {
        scores.append(rewards[position].map(Score.value) ?? .notApplicable)
      }
    }
    return scores
  }

  private static func parse(_ line: [UInt8]) throws(ReplyError) -> JSONObject {
    let json: JSON
    do {
      json = try JSON(
        parsing: line, file: "reply",
        limits: JSON.Limits(maximumBytes: max(line.count, 1), asPythonWrites: true))
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
      (element, _, path) throws(ReplyError) in
      guard let element else { return nil }
      return try number(element, path, need: "a number or null")
    }
  }

  private static func steps(
    in reply: JSONObject, _ completions: [Completion]
  ) throws(ReplyError) -> [[(end: Int, reward: Double)]?]? {
    guard let found = reply["step_rewards"], !found.isNull else { return nil }
    return try list("step_rewards", in: reply, count: completions.count) {
      (element, index, path) throws(ReplyError) in
      guard let element else { return nil }
      guard let steps = element.array else {
        throw ReplyError("\(path): got \(brief(element)); need a list or null")
      }
      let length = completions[index].text.utf8.count
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

  /// Everything beside the scores, as far as it can be logged.
  private static func log(in reply: JSONObject, count: Int) -> RewardLog {
    var log = RewardLog(completions: count)
    func add(_ key: String, _ fact: (String, JSON) -> RewardLog.Fact) {
      guard let found = reply[key], !found.isNull else { return }
      guard let object = found.object else { return log.add(.none(key, found)) }
      for (name, value) in object.entries { log.add(fact(name, value)) }
    }
    add("metrics", RewardLog.Fact.metric)
    add("extra_logs", RewardLog.Fact.metricOrList)
    add("columns", RewardLog.Fact.column)
    if let seconds = reply["seconds"], !seconds.isNull { log.add(.seconds(seconds)) }
    return log
  }

  /// The elements of the list `key`, of which there must be `count`; null is passed on as nil.
  private static func list<Element>(
    _ key: String, in reply: JSONObject, count: Int,
    _ read: (JSON?, _ index: Int, _ path: String) throws(ReplyError) -> Element
  ) throws(ReplyError) -> [Element] {
    guard let elements = reply[key]?.array else {
      throw ReplyError("\(key): got \(brief(reply[key] ?? .null)); need a list")
    }
    guard elements.count == count else {
      throw ReplyError("\(key): got \(elements.count) values; sent \(count) completions")
    }
    var values: [Element] = []
    for (index, element) in elements.enumerated() {
      // A bare nil would become `JSON.null` here.
      let value = element.isNull ? .none : JSON?.some(element)
      values.append(try read(value, index, "\(key)[\(index)]"))
    }
    return values
  }

  private static func number(
    _ value: JSON, _ path: String, need: String
  ) throws(ReplyError) -> Double {
    guard let number = value.double else {
      throw ReplyError("\(path): got \(brief(value)); need \(need)")
    }
    guard number.isFinite else { throw ReplyError("\(path): got \(number); need \(need)") }
    return number
  }

  // MARK: The plug-in's side

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
    for index in texts.indices {
      var completion = Completion(
        prompt: prompts[index].string ?? "", text: texts[index].string ?? "",
        tokenIDs: ids[index].array?.compactMap(\.int) ?? [],
        finishReason: reasons[index].string.flatMap(FinishReason.init) ?? .stop,
        columns: JSONObject(columns.entries.map { ($0.key, $0.value.array?[index] ?? .null) }))
      completion.label = labels[index].text.map(JSON.string) ?? labels[index]
      completions.append(completion)
    }
    return (id, RewardRequest(step: step, completions: completions))
  }

  /// The reply that gives each completion a number, nothing, or the reason why it has none.
  static func encode(_ scores: [Score], id: Int) -> [UInt8] {
    let message: JSON = [
      "rewards": .array(scores.map { $0.total.map { .number($0) } ?? .null }),
      "error": .array(scores.map { $0.failureReason.map { .string($0) } ?? .null }),
      "id": .integer(id),
    ]
    return message.encodedBytes()
  }

  private static func brief(_ value: JSON) -> String { excerpt(value.encodedBytes()) }
}

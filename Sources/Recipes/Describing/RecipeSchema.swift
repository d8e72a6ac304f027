public import Formats

extension Recipe {
  /// The recipe's keys as a JSON Schema (draft 2020-12), by which editors complete and check.
  ///
  /// It accepts every recipe that reading accepts. Of what reading refuses it also refuses unknown
  /// keys, values out of range and keys that have no effect with the choices made, presets included;
  /// what depends on files or on sums of values it leaves to reading.
  public static var schema: JSONObject {
    var schema: JSONObject = [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "A recipe of swift-grpo",
    ]
    for (key, value) in SchemaSection(reference, path: "").object.entries { schema[key] = value }
    var definitions = JSONObject()
    definitions["reward"] = .object(
      SchemaSection.schema(of: Format<Recipe.Reward>.reward.shape, path: "rewards", isShared: false)
    )
    schema["$defs"] = .object(definitions)
    return schema
  }

  /// The schema as the text of a file.
  public static var schemaText: String { JSON.object(schema).encoded() + "\n" }
}

/// A section as an object of the schema.
private struct SchemaSection {
  private let keys: [RecipeKey]
  private let path: String

  init(_ keys: [RecipeKey], path: String) { (self.keys, self.path) = (keys, path) }

  private func declarations(of name: String) -> [RecipeKey] { keys.filter { $0.name == name } }

  var object: JSONObject {
    var properties = JSONObject()
    for name in keys.names { properties[name] = .object(property(name)) }
    var object: JSONObject = [
      "type": "object", "properties": .object(properties), "additionalProperties": false,
    ]
    let required = keys.filter { $0.isRequired && $0.conditions.isEmpty }.map(\.name)
    if !required.isEmpty { object["required"] = .array(required.map { .string($0) }) }
    let rules = keys.names.flatMap(rules)
    if !rules.isEmpty { object["allOf"] = .array(rules.map { .object($0) }) }
    return object
  }

  /// What a key may be with any choice, or `null` for its default.
  private func property(_ name: String) -> JSONObject {
    let declarations = declarations(of: name)
    var shapes = declarations.map { Self.schema(of: $0.shape, path: within(name)) }
    shapes = shapes.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    let isOptional =
      declarations.contains(where: \.takesNull)
      && !declarations.contains { $0.isRequired && $0.conditions.isEmpty }
    var property: JSONObject
    if shapes.count == 1, let orNull = isOptional ? Self.orNull(shapes[0]) : shapes[0] {
      property = orNull
    } else {
      if isOptional { shapes.append(["type": "null"]) }
      property = ["anyOf": .array(shapes.map { .object($0) })]
    }
    let texts = declarations.map { key in
      key.conditions.isEmpty ? key.meaning : "\(key.meaning) Has an effect \(key.effect)."
    }
    property["description"] = .string(texts.joined(separator: "\n"))
    if let key = declarations.first, declarations.count == 1, let value = key.defaultValue,
      let json = key.shape.value(value)
    {
      property["default"] = json
    }
    return property
  }

  /// With which choices a key may be there, what it may be with each, and where it must be there.
  private func rules(_ name: String) -> [JSONObject] {
    let declarations = declarations(of: name)
    guard declarations.allSatisfy({ !$0.conditions.isEmpty }) else { return [] }
    var rules: [JSONObject] = []
    let alternatives = declarations.map { holds($0.conditions.map(\.test)) }
    let absent: JSONObject = ["properties": [name: ["type": "null"]]]
    rules.append(
      ["anyOf": .array((alternatives + [absent]).map { .object($0) })])
    for (key, condition) in zip(declarations, alternatives) {
      if declarations.count > 1 {
        let shape = Self.schema(of: key.shape, path: within(name))
        let orNull: JSONObject =
          key.takesNull ? ["anyOf": [.object(shape), ["type": "null"]]] : shape
        rules.append(["if": .object(condition), "then": ["properties": [name: .object(orNull)]]])
      }
      if key.isRequired {
        let isThere = Self.isWritten(name, as: ["not": ["type": "null"]])
        rules.append(["if": .object(condition), "then": .object(isThere)])
      }
    }
    return rules
  }

  private func within(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  // MARK: Conditions

  private func holds(_ tests: [Condition.Test]) -> JSONObject {
    tests.count == 1 ? holds(tests[0]) : ["allOf": .array(tests.map { .object(holds($0)) })]
  }

  private func holds(_ test: Condition.Test) -> JSONObject {
    switch test {
    case .any(let tests): ["anyOf": .array(tests.map { .object(holds($0)) })]
    case .all(let tests): holds(tests)
    case .isPresent(let key, let others):
      [
        "allOf": .array(
          ([Self.isWritten(key, as: ["not": ["type": "null"]])] + others.map(Self.isNotWritten))
            .map { .object($0) })
      ]
    case .isAbsent(let key): Self.isNotWritten(key)
    case .isOneOf(let key, let names):
      valued(key, test, as: ["enum": .array(names.map { Self.scalar($0) })])
    case .isAbove(let key, let bound):
      valued(key, test, as: ["type": "number", "exclusiveMinimum": .number(bound)])
    case .isBelow(let key, let bound):
      valued(key, test, as: ["type": "number", "exclusiveMaximum": .number(bound)])
    }
  }

  /// That a key has some value, written or by default; the default is the algorithm's where that
  /// has one.
  private func valued(
    _ key: String, _ test: Condition.Test, as schema: JSONObject
  ) -> JSONObject {
    let written = Self.isWritten(key, as: schema)
    let usual = declarations(of: key).first?.defaultValue ?? ""
    guard path == "train", key != "algorithm" else {
      return test.holds { _ in usual } ? Self.either(written, Self.isNotWritten(key)) : written
    }
    let algorithms = Recipe.Algorithm.allCases.filter { algorithm in
      let own = algorithm.keys(maxCompletionTokens: 1).first { $0.key == key }?.value
      return test.holds { _ in own ?? usual }
    }.map(\.rawValue)
    if algorithms.isEmpty { return written }
    var byAlgorithm = Self.isWritten(
      "algorithm", as: ["enum": .array(algorithms.map { .string($0) })])
    if algorithms.contains(Recipe.Algorithm.grpo.rawValue) {
      byAlgorithm = Self.either(byAlgorithm, Self.isNotWritten("algorithm"))
    }
    return Self.either(
      written, ["allOf": [.object(Self.isNotWritten(key)), .object(byAlgorithm)]])
  }

  private static func either(_ a: JSONObject, _ b: JSONObject) -> JSONObject {
    ["anyOf": [.object(a), .object(b)]]
  }

  private static func isWritten(_ key: String, as schema: JSONObject) -> JSONObject {
    ["required": [.string(key)], "properties": [key: .object(schema)]]
  }

  /// `null` asks for the default.
  private static func isNotWritten(_ key: String) -> JSONObject {
    ["properties": [key: ["type": "null"]]]
  }

  /// The same or `null`, without another alternative, so that messages tell of the value itself.
  private static func orNull(_ schema: JSONObject) -> JSONObject? {
    var schema = schema
    if let names = schema["enum"]?.array {
      schema["enum"] = .array(names + [.null])
    } else if let type = schema["type"] {
      schema["type"] = .array((type.array ?? [type]) + [.string("null")])
    } else {
      return nil
    }
    return schema
  }

  private static func scalar(_ text: String) -> JSON {
    switch text {
    case "true": true
    case "false": false
    default: .string(text)
    }
  }

  // MARK: Values

  /// - Parameter isShared: Whether a reward is a reference to the one definition of it.
  static func schema(of shape: Shape, path: String, isShared: Bool = true) -> JSONObject {
    switch shape {
    case .wholeNumber(let range, let refused):
      var schema: JSONObject = ["type": "integer", "minimum": .integer(range.lowerBound)]
      if range.upperBound < .max { schema["maximum"] = .integer(range.upperBound) }
      if !refused.isEmpty {
        schema["not"] = ["enum": .array(refused.sorted().map { .integer($0) })]
      }
      return schema
    case .number(let interval):
      return [
        "type": "number",
        interval.includesLower ? "minimum" : "exclusiveMinimum": .number(interval.lower),
        interval.includesUpper ? "maximum" : "exclusiveMaximum": .number(interval.upper),
      ]
    case .flag: return ["type": "boolean"]
    // Any scalar is a text as it is written: `question: 1` names a column.
    case .text: return ["type": ["string", "number", "boolean"], "minLength": 1]
    case .name(let names): return ["enum": .array(names.map { Self.scalar($0) })]
    case .list(let item, let count):
      return [
        "type": "array", "items": .object(schema(of: item, path: path)),
        "minItems": .integer(count.lowerBound), "maxItems": .integer(count.upperBound),
      ]
    case .map: return ["type": "object"]
    case .section(let keys): return SchemaSection(keys(), path: path).object
    case .either(let shapes, _):
      if isShared, shapes.contains(where: \.isSection) { return ["$ref": "#/$defs/reward"] }
      return ["anyOf": .array(shapes.map { .object(schema(of: $0, path: path)) })]
    }
  }
}

extension Shape {
  fileprivate var isSection: Bool { if case .section = self { true } else { false } }

  /// A default as JSON; nil for one in words.
  fileprivate func value(_ text: String) -> JSON? {
    switch self {
    case .wholeNumber: Int(text).map { .integer($0) }
    case .number: Double(text).map { .number($0) }
    case .flag: text == "true" ? true : text == "false" ? false : nil
    case .name(let names): names.contains(text) ? .string(text) : nil
    default: nil
    }
  }
}

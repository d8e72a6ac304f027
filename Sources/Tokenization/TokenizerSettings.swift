public import Formats

/// A tokenizer's settings in a Hugging Face directory, as transformers 5 reads them.
///
/// It reads `tokenizer_config.json`; where that has no `added_tokens_decoder`, also
/// `special_tokens_map.json`, which takes precedence, and `added_tokens.json`, as earlier versions
/// wrote them; the added tokens and the dummy prefix of `tokenizer.json`; and
/// `chat_template.jinja`.
public struct TokenizerSettings: Sendable, Equatable {
  /// The text of the token that begins a sequence; nil where none is named.
  public var beginning: String?
  /// The text of the token that ends a sequence; nil where none is named.
  public var end: String?
  /// The text of the token that fills up the shorter texts of a batch; nil where none is named.
  public var padding: String?
  private var unknown: String?
  /// Whether the beginning is put before every prompt.
  public var addsBeginning = true
  /// Whether the end is put after every prompt.
  public var addsEnd = false
  /// The tokens that are listed as added, each text and each id once.
  public var addedTokens: [AddedToken] = []
  /// The texts of the tokens that have a role, such as `bos_token`.
  public var namedTokens: [String] = []
  /// The texts of `additional_special_tokens` and `extra_special_tokens`, each once.
  public var furtherTokens: [String] = []
  /// Texts to which the tokenizer's class gives a role that the settings do not name, such as
  /// Llama's `<s>`.
  public private(set) var defaultTokens: [String] = []
  /// Whether special tokens in a text are ordinary text (`split_special_tokens`).
  public var splitsSpecialTokens = false
  /// Where "▁" is put before text; nil where the model alone says so.
  public var prefix: DummyPrefix?
  /// All other settings, such as `chat_template`, which are written back as they were read.
  public var others: JSONObject = [:]
  /// The content of `chat_template.jinja`.
  public var chatTemplate: [UInt8]?
  /// The directory; nil where none of its files has settings of a tokenizer.
  public private(set) var source: String?
  /// Whether there is a `tokenizer.json`.
  public private(set) var hasVocabulary = false

  /// Creates empty settings, under which the model file alone decides.
  public init() {}

  /// Reads the settings in a directory; files that are missing are skipped.
  ///
  /// - Throws: a `FormatError` that names the file and the field.
  public init(directory: String) throws(FormatError) {
    func object(_ name: String) throws(FormatError) -> SettingsFile? {
      let path = "\(directory)/\(name)"
      guard Files.exists(path) else { return nil }
      let bytes = try Files.read(path, maximumBytes: Self.largestFile)
      let object = try SettingsFile(parsing: bytes, file: path, need: "settings of a tokenizer")
      source = directory
      return object
    }
    let configuration = try object("tokenizer_config.json")
    let map = try object("special_tokens_map.json")
    let earlier = try object("added_tokens.json")
    let vocabulary = try object("tokenizer.json")
    hasVocabulary = vocabulary != nil
    let decoder = configuration?.value("added_tokens_decoder")
    let isWhole = decoder != nil
    if let configuration { try takeFlags(configuration) }
    try takeRoles([configuration, isWhole ? nil : map].compactMap { $0 })
    if !isWhole, let earlier { try takeTokens(earlier) }
    let isLlama = configuration.map(Self.isLlama) ?? false
    // These classes take the vocabulary out of `tokenizer.json`, and no more where they need not.
    if let vocabulary, !(isWhole && isLlama) { try takeTokens(listedIn: vocabulary) }
    if isWhole, let configuration { try takeTokens(decodedBy: configuration) }
    if isLlama {
      let own = ["<s>", "</s>", "<unk>"]
      defaultTokens = zip([beginning, end, unknown], own).compactMap { $0 == nil ? $1 : nil }
    }
    prefix = try Self.prefix(configuration, vocabulary)
    let template = "\(directory)/chat_template.jinja"
    if Files.exists(template) {
      chatTemplate = try Files.read(template, maximumBytes: Self.largestFile)
    }
  }

  /// The files that are read.
  package static let fileNames = [
    "special_tokens_map.json", "tokenizer_config.json", "added_tokens.json", "tokenizer.json",
    "chat_template.jinja",
  ]

  private static let largestFile = 64 << 20

  private mutating func takeFlags(_ file: SettingsFile) throws(FormatError) {
    addsBeginning = try file.flag("add_bos_token") ?? addsBeginning
    addsEnd = try file.flag("add_eos_token") ?? addsEnd
    splitsSpecialTokens = try file.flag("split_special_tokens") ?? false
  }

  /// The tokens with a role; what a later file says goes before.
  private mutating func takeRoles(_ files: [SettingsFile]) throws(FormatError) {
    var roles: [String: String] = [:]
    for file in files {
      for role in Self.roles {
        if let text = try file.text(role) { roles[role] = text }
      }
      for (key, value) in file.object.entries
      where !Self.written.contains(key) && !Self.roles.contains(key) {
        others[key] = value
      }
    }
    (beginning, end, padding) = (roles["bos_token"], roles["eos_token"], roles["pad_token"])
    unknown = roles["unk_token"]
    namedTokens = Self.roles.compactMap { roles[$0] }.filter { !$0.isEmpty }
    guard let file = files.first else { return }
    for key in ["additional_special_tokens", "extra_special_tokens"] {
      let value = file.value(key)
      let list = value?.array ?? value?.object?.entries.map(\.value) ?? []
      for token in list {
        guard let text = token.string ?? token["content"]?.string, !text.isEmpty else { continue }
        if !furtherTokens.contains(where: { $0.hasSameBytes(as: text) }) {
          furtherTokens.append(text)
        }
      }
    }
  }

  /// `added_tokens.json`: the ids by the texts.
  private mutating func takeTokens(_ file: SettingsFile) throws(FormatError) {
    let special = namedTokens + furtherTokens
    for (text, id) in file.object.entries {
      let isSpecial = special.contains { $0.hasSameBytes(as: text) }
      try take(
        AddedToken(
          id: try file.id(id, field: text), text: text, isSpecial: isSpecial,
          isNormalized: !isSpecial), file)
    }
  }

  private mutating func takeTokens(listedIn file: SettingsFile) throws(FormatError) {
    for (index, token) in (file.value("added_tokens")?.array ?? []).enumerated() {
      let field = "added_tokens[\(index)]"
      guard let id = token["id"] else { throw file.error(field, got: token, need: "an id") }
      try take(try file.token(token, id: try file.id(id, field: field), field: field), file)
    }
  }

  private mutating func takeTokens(decodedBy file: SettingsFile) throws(FormatError) {
    guard let tokens = file.value("added_tokens_decoder")?.object else {
      throw file.error(
        "added_tokens_decoder", got: file.value("added_tokens_decoder") ?? .null, need: "an object")
    }
    for (key, token) in tokens.entries {
      let field = "added_tokens_decoder.\(key)"
      let id = try file.id(Int(key).map { .integer($0) } ?? .string(key), field: field)
      try take(try file.token(token, id: id, field: field), file)
    }
  }

  /// Takes up a token, or the attributes of one that is there already.
  private mutating func take(_ token: AddedToken, _ file: SettingsFile) throws(FormatError) {
    guard !token.text.isEmpty else { return }
    for (index, other) in addedTokens.enumerated() {
      let isSame = other.text.hasSameBytes(as: token.text)
      if isSame && other.id == token.id {
        addedTokens[index] = token
        return
      }
      guard isSame || other.id == token.id else { continue }
      throw FormatError(
        "added token \(token.text.quotedForMessage()) has the id \(token.id), but "
          + "\(other.text.quotedForMessage()) has \(other.id)", file: file.path)
    }
    addedTokens.append(token)
  }

  /// Where "▁" is put before text: the classes of Llama say so by their options, others leave it to
  /// `tokenizer.json`.
  private static func prefix(
    _ configuration: SettingsFile?, _ vocabulary: SettingsFile?
  ) throws(FormatError) -> DummyPrefix? {
    if let configuration, isLlama(configuration) {
      guard try configuration.flag("add_prefix_space") ?? true else { return DummyPrefix.none }
      return try configuration.flag("legacy") ?? false ? .unspacedParts : .unspacedText
    }
    guard let vocabulary else { return nil }
    func steps(_ field: String, _ list: String) -> [JSON] {
      guard let value = vocabulary.value(field) else { return [] }
      return value[list]?.array ?? [value]
    }
    for step in steps("normalizer", "normalizers") where step["type"] == "Prepend" {
      return .everyPart
    }
    for step in steps("pre_tokenizer", "pretokenizers") where step["type"] == "Metaspace" {
      let scheme = step["prepend_scheme"]?.string
      if scheme == "first" { return .unspacedText }
      return scheme ?? "always" == "never" || step["add_prefix_space"] == false
        ? DummyPrefix.none : .unspacedParts
    }
    return DummyPrefix.none
  }

  private static func isLlama(_ configuration: SettingsFile) -> Bool {
    let name = configuration.value("tokenizer_class")?.string
    return name == "LlamaTokenizer" || name == "LlamaTokenizerFast"
  }

  private static let roles = [
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
  ]

  /// Keys that are written anew, and those that say how text becomes ids, as the `tokenizer.json`
  /// that is written says itself.
  private static let written: Set<String> = [
    "tokenizer_class", "bos_token", "eos_token", "unk_token", "pad_token", "add_bos_token",
    "add_eos_token", "add_prefix_space", "clean_up_tokenization_spaces", "model_max_length",
    "padding_side", "added_tokens_decoder", "legacy", "sp_model_kwargs", "tokenizer_file",
    "special_tokens_map_file", "name_or_path", "auto_map", "backend", "use_fast", "from_slow",
    "add_dummy_prefix_space", "split_special_tokens",
  ]
}

extension SettingsFile {
  fileprivate func text(_ field: String) throws(FormatError) -> String? {
    guard let value = value(field) else { return nil }
    guard let text = value.string ?? value["content"]?.string else {
      throw error(field, got: value, need: "a text, or a map with its content")
    }
    return text
  }

  fileprivate func id(_ value: JSON, field: String) throws(FormatError) -> Int {
    guard let id = value.int, (0..<1 << 20).contains(id) else {
      throw error(field, got: value, need: "an id, 0...\((1 << 20) - 1)")
    }
    return id
  }

  /// An added token as transformers writes it.
  fileprivate func token(_ value: JSON, id: Int, field: String) throws(FormatError) -> AddedToken {
    guard let text = value["content"]?.string else {
      throw error(field, got: value, need: "a map with its content")
    }
    func flag(_ name: String) -> Bool? { value[name]?.bool }
    let isSpecial = flag("special") ?? false
    return AddedToken(
      id: id, text: text, isSpecial: isSpecial, isNormalized: flag("normalized") ?? !isSpecial,
      isWholeWord: flag("single_word") ?? false, stripsBefore: flag("lstrip") ?? false,
      stripsAfter: flag("rstrip") ?? false)
  }
}

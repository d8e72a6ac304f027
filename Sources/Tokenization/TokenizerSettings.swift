public import Formats

/// What a Hugging Face directory says of a tokenizer beside its pieces.
///
/// That is `tokenizer_config.json`, before it `special_tokens_map.json`, which earlier versions of
/// transformers write, and `chat_template.jinja`.
public struct TokenizerSettings: Sendable, Equatable {
  /// The texts of the tokens that begin a sequence and end it, where they are named.
  public var beginning: String?
  public var end: String?
  /// Whether the beginning stands before every prompt, and the end behind it.
  public var addsBeginning = true
  public var addsEnd = false
  /// The ids of tokens that are no pieces (`added_tokens_decoder`).
  public var addedTokens: [Added] = []
  /// What else there is, such as `chat_template`: it is written again as it was read.
  public var others: JSONObject = [:]
  /// The content of `chat_template.jinja`.
  public var chatTemplate: [UInt8]?

  /// A token that is no piece.
  public struct Added: Sendable, Equatable {
    public var id: Int
    public var text: String
  }

  /// Nothing is said.
  public init() {}

  /// Reads what there is in a directory; files that are not there say nothing.
  ///
  /// - Throws: a `FormatError` that names the file and the field.
  public init(directory: String) throws(FormatError) {
    for name in Self.fileNames.prefix(2) {
      let path = "\(directory)/\(name)"
      guard Files.exists(path) else { continue }
      let bytes = try Files.read(path, maximumBytes: Self.largestFile)
      guard let object = try JSON(parsing: bytes, file: path).object else {
        throw FormatError(file: path, message: "not a JSON object (need settings of a tokenizer)")
      }
      try take(object, path)
    }
    let template = "\(directory)/\(Self.fileNames[2])"
    if Files.exists(template) {
      chatTemplate = try Files.read(template, maximumBytes: Self.largestFile)
    }
  }

  /// The files that are read; what a later one says goes before.
  package static let fileNames = [
    "special_tokens_map.json", "tokenizer_config.json", "chat_template.jinja",
  ]

  private static let largestFile = 64 << 20

  private mutating func take(_ object: JSONObject, _ path: String) throws(FormatError) {
    func fault(_ field: String, _ value: JSON, need: String) -> FormatError {
      FormatError(file: path, field: field, message: "got \(value.encoded()); need \(need)")
    }
    func text(_ field: String) throws(FormatError) -> String? {
      guard let value = object[field], !value.isNull else { return nil }
      guard let text = value.string ?? value["content"]?.string else {
        throw fault(field, value, need: "a text, or a map with its content")
      }
      return text
    }
    func flag(_ field: String) throws(FormatError) -> Bool? {
      guard let value = object[field], !value.isNull else { return nil }
      guard let flag = value.bool else { throw fault(field, value, need: "true or false") }
      return flag
    }
    beginning = try text("bos_token") ?? beginning
    end = try text("eos_token") ?? end
    addsBeginning = try flag("add_bos_token") ?? addsBeginning
    addsEnd = try flag("add_eos_token") ?? addsEnd
    for (id, token) in object["added_tokens_decoder"]?.object?.entries ?? [] {
      guard let id = Int(id), let text = token["content"]?.string else { continue }
      addedTokens.append(Added(id: id, text: text))
    }
    for (key, value) in object.entries where !Self.written.contains(key) { others[key] = value }
  }

  /// Keys that are written anew, and those that say how text becomes ids, as the `tokenizer.json`
  /// that is written says itself.
  private static let written: Set<String> = [
    "tokenizer_class", "bos_token", "eos_token", "unk_token", "pad_token", "add_bos_token",
    "add_eos_token", "add_prefix_space", "clean_up_tokenization_spaces", "model_max_length",
    "padding_side", "added_tokens_decoder", "legacy", "sp_model_kwargs", "tokenizer_file",
    "special_tokens_map_file", "name_or_path", "auto_map", "backend", "use_fast", "from_slow",
    "add_dummy_prefix_space",
  ]
}

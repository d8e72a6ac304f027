import Formats
import LanguageModel

/// A `config.json` for tests.
enum ConfigurationText {
  /// The least that a `config.json` must say, with some members replaced or (nil) left out.
  static func read(_ changes: [(String, JSON?)] = []) throws(FormatError) -> ModelConfiguration {
    var pairs: [(String, JSON)] = [
      ("model_type", "llama"), ("vocab_size", 512), ("hidden_size", 64),
      ("num_hidden_layers", 2), ("num_attention_heads", 4), ("intermediate_size", 192),
    ]
    for (key, value) in changes {
      pairs.removeAll { $0.0 == key }
      if let value { pairs.append((key, value)) }
    }
    let bytes = JSON.object(JSONObject(pairs)).encodedBytes()
    return try ModelConfiguration(parsing: bytes, file: "config.json")
  }

  /// What reading says is wrong; nil where nothing is.
  static func fault(_ changes: [(String, JSON?)]) -> String? {
    do throws(FormatError) {
      _ = try read(changes)
      return nil
    } catch {
      return error.description
    }
  }
}

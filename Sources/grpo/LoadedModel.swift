import Evaluation
import Formats
import Kernels
import LanguageModel
import Sampling
import Tokenization

/// A model directory in memory, with what computes on it.
struct LoadedModel {
  let path: String
  let model: Model
  private let workers: Workers

  /// Rows that are computed at a time, about, over all prompts and completions.
  static let rowsAtOnce = 1 << 14
  private static let activationBytes = 1 << 30

  init(_ path: String, workers: Workers) throws {
    self.path = path
    self.workers = workers
    model = try ModelDirectory.load(path)
  }

  var context: Int { model.configuration.maximumPositions }
  var parameters: Parameters { model.parameters }

  func engine() -> Engine {
    Engine(model.configuration, workers: workers, activationBytes: Self.activationBytes)
  }

  func tokenizer() throws -> SentencePieceTokenizer {
    try SentencePieceTokenizer(path: path + "/tokenizer.model")
  }

  /// A sampler of texts with the model's own tokenizer.
  func sampler(
    stop: [String] = [], options: (_ eosIDs: [Int]) -> SamplingOptions
  ) throws -> TextSampler {
    let tokenizer = try tokenizer()
    var eosIDs = model.configuration.eosTokenIDs
    if eosIDs.isEmpty { eosIDs = tokenizer.eosID.map { [$0] } ?? [] }
    return try TextSampler(
      engine: engine(), tokenizer: tokenizer, options: options(eosIDs), stop: stop)
  }
}

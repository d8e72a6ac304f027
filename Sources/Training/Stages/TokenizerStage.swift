internal import Datasets
internal import Formats
internal import Recipes
internal import Runs
internal import Tokenization

// The first stage: reads the tokenizer, or trains one on the run's texts if the recipe has none.
extension TrainingRun {
  /// - Parameter writes: Whether one that is trained here becomes the run's.
  func tokenizer(writes: Bool) throws -> SentencePieceTokenizer {
    switch recipe.tokenizer {
    case .file(let path): return try SentencePieceTokenizer(path: path)
    case .trained(let size):
      let path = run.tokenizer
      if Files.exists(path) {
        report(.found(.tokenizer, detail: path))
      } else {
        report(.began(.tokenizer, detail: "at most \(size) pieces from \(questions.file)"))
        let answer = try recipe.warmStart.map {
          try PromptTemplate($0.answer, file: "warm_start.answer")
        }
        let sentences = try questions.questions.map { question in
          let learned = try answer.map { try question.filling($0, file: questions.file) }
          return question.prompt + (learned ?? question.answer ?? "")
        }
        let bytes = try SentencePieceTokenizer.train(
          sentences: sentences, options: .init(vocabularySize: size))
        if !writes { return try SentencePieceTokenizer(bytes: bytes, name: path) }
        try writeAccepted()
        try run.write(bytes, to: path)
        try record([("tokenizer.model", bytes)], in: run.path)
      }
      return try SentencePieceTokenizer(path: path)
    }
  }
}

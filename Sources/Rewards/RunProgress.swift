/// How far a run is, for rewards that change with it.
public struct RunProgress: Sendable, Equatable {
  /// Steps that are done; 0 while the first one is scored.
  public var steps: Int
  /// Steps of the whole run.
  public var totalSteps: Int
  /// Completions of a step.
  public var completionsPerStep: Int
  /// How often each row of the data has been asked, on average.
  public var epochs: Double
  /// How often each row will have been asked at the end of the run, rounded up.
  public var totalEpochs: Int
  /// Tokens of prompts and completions so far.
  public var tokens: Int
  /// Steps from one checkpoint to the next; nil where only the end is saved.
  public var checkpointSteps: Int?
  /// Steps from one evaluation to the next; nil where none is made while training.
  public var evaluationSteps: Int?

  /// - Parameters:
  ///   - questionsPerStep: Questions of a step.
  ///   - rows: Rows of the data, at least 1.
  public init(
    steps: Int, totalSteps: Int, questionsPerStep: Int, completionsPerQuestion: Int, rows: Int,
    tokens: Int, checkpointSteps: Int? = nil, evaluationSteps: Int? = nil
  ) {
    (self.steps, self.totalSteps, self.tokens) = (steps, totalSteps, tokens)
    (self.checkpointSteps, self.evaluationSteps) = (checkpointSteps, evaluationSteps)
    completionsPerStep = questionsPerStep * completionsPerQuestion
    func epochs(_ steps: Int) -> Double {
      Double(steps) * Double(questionsPerStep) / Double(max(rows, 1))
    }
    self.epochs = epochs(steps)
    totalEpochs = Int(epochs(totalSteps).rounded(.up))
  }
}

internal import Datasets
internal import Formats
internal import Foundation
internal import PolicyOptimization
internal import Recipes
internal import Rewards
internal import Runs

// Records a run's inputs, and compares them when it resumes.

extension TrainingRun {
  /// Writes down what the run is made of, or checks that it is what the directory was made with.
  ///
  /// - Parameter trains: Whether training goes on; else a run that is finished is left as it is.
  func prepare(_ lock: RunLock, trains: Bool) async throws {
    if !Files.exists(run.recipe), let content = try run.firstContent() {
      throw TrainingError.outputInUse(path: run.path, content: content)
    }
    let leftovers = try lock.removeLeftovers()
    if !leftovers.isEmpty { report(.removed(leftovers)) }
    for (path, aside) in try run.setObstaclesAside() {
      warn("\(path): is in the way of the run's output; renamed to \(aside)")
    }
    let inputs = try RunInputs(of: recipe, in: run, &digests)
    if Files.exists(run.recipe) {
      try await goOn(with: inputs, trains: trains)
    } else {
      try checkAllowed(inputs.fields(with: nil, nil))
      try begin(with: inputs)
    }
    for warning in recipe.warnings + beyondTheData { warn(warning) }
  }

  /// Numbers of rows that are larger than the data's, one line each.
  private var beyondTheData: [String] {
    [
      ("warm_start.examples", recipe.warmStart?.examples, questions),
      ("evaluation.questions", recipe.evaluation?.questions, test),
    ].compactMap { key, asked, data in
      guard let asked, let data, asked > data.questions.count else { return nil }
      return
        "\(key): has no effect (got \(asked); \(data.file) has only "
        + "\(data.questions.count) rows)"
    }
  }

  /// How many questions are held out and learned from, too, in words; nil where none is.
  package var overlap: String? {
    guard let test else { return nil }
    let learned = Set(questions.questions.map { ByteKey($0.prompt) })
    let shared = test.questions.count { learned.contains(ByteKey($0.prompt)) }
    guard shared > 0 else { return nil }
    return "\(shared) of \(test.questions.count) questions of data.test are also in data.train: "
      + "accuracy counts questions that training has seen"
  }

  private func begin(with inputs: RunInputs) throws {
    run.id = RunManifest.newID()
    var manifest = inputs.manifest
    manifest.id = run.id
    try writeRecipe()
    try run.write(manifest)
    for reward in inputs.unknown {
      warn(
        "reward \(reward): cannot tell which files it reads; a resume will not notice changes to them"
      )
    }
  }

  private func writeRecipe() throws {
    // Arguments of a program or function may be secrets, and cannot be replaced by a mark.
    try run.write(
      Array(recipe.resolvedYAML(relativeTo: run.path).utf8), to: run.recipe, isPrivate: true)
  }

  /// What a run goes on with that is another than before.
  struct Accepted {
    var manifest: RunManifest
    var hasOtherRecipe: Bool
  }

  /// Writes down what was accepted, before the first thing is made with it: until then the run may
  /// go on with what it was made of before.
  func writeAccepted() throws {
    guard let accepted else { return }
    try run.write(accepted.manifest)
    if accepted.hasOtherRecipe { try writeRecipe() }
    self.accepted = nil
  }

  private func goOn(with inputs: RunInputs, trains: Bool) async throws {
    let earlier = try Recipe(contentsOf: run.recipe, ownRewards: true)
    let manifest = try readManifest()
    run.id = try manifest == nil ? idWithoutManifest() : manifest?.id
    try checkAllowed(inputs.fields(with: earlier, manifest))
    var differences = inputs.differences(from: earlier, manifest)
    var next = inputs.manifest
    let start = manifest?.inputs.filter { RunInputs.isOfWarmStart($0.field) } ?? []
    if warmStartIsDone, !start.allSatisfy({ next[$0.field] == $0.digest }), !warmStartIsReadable {
      // The damage is reported where the file is needed; its recorded digest is kept.
      differences.removeAll { RunInputs.isOfWarmStart($0.field) }
      for file in start { next[file.field] = file.digest }
    }
    if try isUntouched, manifest == nil || !differences.isEmpty {
      // A run that failed before its first stage starts over in the same directory.
      if Files.exists(run.tokenizer) { try run.remove(run.tokenizer) }
      return try begin(with: RunInputs(of: recipe, in: run, &digests))
    }
    let done = try run.checkpoints.lastStep() ?? 0
    let mendable = try mendableSections(of: earlier, done: done)
    let refused = try differences.filter { difference in
      try !mayChange(difference, since: earlier, stepsDone: done)
        && !(mendable + allowed).contains { difference.field.isField(within: $0) }
    }
    if !refused.isEmpty {
      throw TrainingError.differentInputs(path: run.path, refused)
    }
    if isTrained && !trains { return }
    try await prepareForSteps(of: earlier, done: done)
    let isDone = trains && recipe.train != nil ? isTrained : warmStartIsDone
    if isDone && manifest != nil { return }
    next = manifestToGoOn(with: next, inputs, differences, since: manifest, step: done)
    if next != manifest || !differences.isEmpty {
      accepted = Accepted(manifest: next, hasOtherRecipe: !differences.isEmpty)
    }
    // The run is finished; only its manifest is missing.
    if isDone { try writeAccepted() }
  }

  /// What is written down of inputs that a run goes on with after step `done`: all that has changed,
  /// with what had changed before.
  private func manifestToGoOn(
    with next: RunManifest, _ inputs: RunInputs, _ differences: [Recipe.Difference],
    since manifest: RunManifest?, step done: Int
  ) -> RunManifest {
    var next = next
    next.id = run.id
    next.changes = manifest?.changes ?? []
    next.written = manifest?.written ?? []
    for field in next.written { next[field] = nil }
    for file in inputs.appeared(since: manifest) {
      warn(
        "\(file.field): \(file.path) did not exist when the run began; changes to it are "
          + "not checked")
      next[file.field] = nil
      next.written.append(file.field)
    }
    for difference in differences {
      next.changes.append(
        .init(
          field: difference.field, from: difference.need, to: difference.got, step: done))
    }
    if let version = manifest?.version, version != next.version {
      warn(
        "\(run.path): was started by version \(version) of grpo; resuming with version "
          + next.version)
      next.changes.append(.init(field: "version", from: version, to: next.version, step: done))
    }
    return next
  }

  /// The id of a run whose manifest is lost: its checkpoints still have it.
  private func idWithoutManifest() throws -> String? {
    try run.checkpoints.steps().isEmpty ? RunManifest.newID() : run.checkpoints.lastRun()
  }

  /// The sections of the recipe by which nothing was made yet: where no step was scored, rewards may
  /// be mended.
  private func mendableSections(of earlier: Recipe, done: Int) throws -> [String] {
    guard !isTrained, done == 0 else { return [] }
    let endedWarmStart = earlier.warmStart?.untilAccuracy != nil && warmStartIsDone
    // A checkpoint before the first step has the reward model's first update.
    return try (endedWarmStart ? [] : ["rewards"])
      + (run.checkpoints.steps().isEmpty ? ["reward_model"] : [])
  }

  /// The keys with which the run in the directory is another recipe's.
  func refusedDifferences() throws -> [Recipe.Difference] {
    guard Files.exists(run.recipe) else { return [] }
    let earlier = try Recipe(contentsOf: run.recipe, ownRewards: true)
    let done = try run.checkpoints.lastStep() ?? 0
    return try recipe.differences(from: earlier).filter {
      try !mayChange($0, since: earlier, stepsDone: done)
    }
  }

  /// The manifest; nil where there is none, or none that can be read, which keeps nobody from going
  /// on.
  private func readManifest() throws -> RunManifest? {
    let (manifest, problem) = try RunManifest.found(at: run.manifest)
    if let problem, try !isUntouched {
      warn(
        "\(problem); cannot check whether data, models and scripts have changed since the run began"
      )
    }
    return manifest
  }

  /// Nothing but the recipe and its tokenizer has been made.
  private var isUntouched: Bool {
    get throws {
      let first = [run.recipe, run.manifest, run.tokenizer].map {
        String($0.dropFirst(run.path.count + 1))
      }
      return try Files.names(in: run.path).allSatisfy { $0 == "lock" || first.contains($0) }
    }
  }

  /// Throws for a field of `--allow` that nothing has.
  private func checkAllowed(_ fields: [String]) throws {
    for name in allowed where !fields.contains(where: { $0.isField(within: name) }) {
      throw TrainingError.unknownField(
        name, suggestion: Spelling.closest(to: name, among: fields))
    }
  }

  /// Makes room for more steps where training had ended, and refuses fewer than are done.
  private func prepareForSteps(of earlier: Recipe, done: Int) async throws {
    guard let train = recipe.train, let before = earlier.train,
      train.totalSteps != before.totalSteps
    else { return }
    let least = isTrained ? before.totalSteps : done
    guard train.totalSteps >= least else {
      throw TrainingError.fewerSteps(path: run.path, steps: train.totalSteps, done: least)
    }
    if before.axes.update == .adam, train.optimizer.decay != .constant, done > 0 {
      warn(
        "train.steps: the learning rate now decays over \(train.totalSteps) steps, not over "
          + "\(before.totalSteps) as before")
    }
    guard isTrained else { return }
    guard let checkpoint = try await run.checkpoints.latest() else {
      throw TrainingError.noCheckpoint(path: run.path, step: least)
    }
    // Damaged checkpoints are reported when training resumes.
    if checkpoint.step < least, checkpoint.skipped.isEmpty {
      warn(
        "\(run.path): the checkpoint of step \(least) is missing; resuming after step "
          + "\(checkpoint.step)")
    }
    for model in [run.model, run.rewardModel] where Files.exists(model) {
      if let aside = try run.discard(model) {
        warn("\(model): contains more than a model; renamed to \(aside)")
      }
    }
  }

  /// Writes down which of their inputs rewards have written, so that they are not compared.
  func recordWritten() throws {
    guard var manifest = try RunManifest.found(at: run.manifest).manifest else { return }
    let fields = try RunInputs.changed(by: recipe, since: manifest, &digests)
    if fields.isEmpty { return }
    for field in fields { manifest[field] = nil }
    manifest.written += fields
    try run.write(manifest)
    warn(
      "\(fields.joined(separator: ", ")): changed during the run; further changes are not "
        + "checked")
  }

  /// Writes them down at a save, which does not fail for want of that: the end of the run tries
  /// again.
  func recordWrittenAtSave() {
    do {
      try recordWritten()
    } catch {
      warn("\(error)")
    }
  }

  /// Writes down what the run has made itself and goes on from.
  func record(_ files: [(name: String, bytes: [UInt8])], in directory: String) throws {
    var manifest = try RunManifest(contentsOf: run.manifest)
    for file in files {
      let path = directory + "/" + file.name
      manifest[String(path.dropFirst(run.path.count + 1))] = FileDigest(of: file.bytes)
    }
    try run.write(manifest)
  }
}

extension TrainingRun {
  /// Whether a run may go on with the new value, because what it did so far would have been the
  /// same with it: how often it saves, evaluates and shows, and how many steps it makes.
  private func mayChange(
    _ difference: Recipe.Difference, since earlier: Recipe, stepsDone: Int
  ) throws -> Bool {
    switch difference.field {
    case "train.checkpoint_steps", "train.save_total_limit", "train.num_completions_to_print",
      "evaluation.every", "train.steps", "train.outer_iterations":
      return true
    case "train.steps_per_iteration":
      guard let train = recipe.train, let before = earlier.train else { return false }
      // Where an iteration ends, the reference is reset and the reward model learns.
      let hasReference = try settings(of: train).needs.includeReference
      let matters =
        recipe.rewardModel != nil || hasReference && train.axes.reference == .reset
      return !matters || stepsDone <= min(train.stepsPerIteration, before.stepsPerIteration)
    default: return false
    }
  }
}

package import Formats
internal import Kernels

extension ParameterLayout {
  /// Whether a tensor of this name computes nothing in a language model: tables that follow from the
  /// configuration, and the value head that TRL's PPO trains beside one.
  static func isIdle(_ name: String) -> Bool {
    let tables = ["rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached"]
    return isValueHead(name) || tables.contains { name.hasSuffix($0) }
  }

  static func isValueHead(_ name: String) -> Bool { name.hasPrefix("v_head.summary.") }

  /// The same tensors under the names that they have in this layout.
  ///
  /// A save of the transformer alone lacks the prefix `model.`, and where embedding and output matrix
  /// are one, a file may hold it under either name.
  func named(_ weights: Safetensors) throws(FormatError) -> Safetensors {
    try weights.renamed { name(of: $0, in: weights) }
  }

  private func name(of found: String, in weights: Safetensors) -> String {
    func isMine(_ name: String) -> Bool { tensors.contains { $0.name == name } }
    if found == Self.head, !isMine(Self.head), weights.tensor(named: Self.embedding) == nil,
      weights.tensor(named: String(Self.embedding.dropFirst(Self.prefix.count))) == nil
    {
      return Self.embedding
    }
    let whole = Self.prefix + found
    return weights.tensor(named: whole) == nil && isMine(whole) ? whole : found
  }

  private static let prefix = "model."

  /// Checks that a file holds exactly these tensors, by name and shape, and perhaps `other`.
  ///
  /// What repeats what is known already may be there, too (``isIdle(_:)``), and an `lm_head.weight`
  /// that equals the embedding it is tied to.
  func check(_ weights: Safetensors, and other: String? = nil) throws(FormatError) {
    var expected: [ByteKey: Tensor] = [:]
    for tensor in tensors { expected[ByteKey(tensor.name)] = tensor }
    var problems: [String] = []
    for found in weights.tensors where found.name != other {
      if Self.isIdle(found.name) { continue }
      guard let tensor = expected.removeValue(forKey: ByteKey(found.name)) else {
        if found.name == Self.head {
          if try weights.equalsEmbedding(found) { continue }
          problems.append(
            "\(found.name) differs from the embedding, to which tie_word_embeddings ties it")
        } else {
          problems.append("unexpected tensor \(found.name)")
        }
        continue
      }
      if found.shape != tensor.shape {
        problems.append("tensor \(found.name) has shape \(found.shape) (need \(tensor.shape))")
      }
    }
    for tensor in tensors where expected[ByteKey(tensor.name)] != nil {
      problems.append("missing tensor \(tensor.name)")
    }
    if !problems.isEmpty {
      let shown = problems.prefix(10).joined(separator: "; ")
      let rest = problems.count > 10 ? "; and \(problems.count - 10) more" : ""
      throw FormatError(
        "does not match config.json: \(shown)\(rest)", file: weights.file)
    }
  }
}

extension Safetensors {
  fileprivate func equalsEmbedding(_ head: Tensor) throws(FormatError) -> Bool {
    guard let embedding = tensor(named: ParameterLayout.embedding),
      embedding.shape == head.shape
    else { return false }
    return try floats(embedding) == floats(head)
  }
}

extension Parameters {
  /// Overwrites every tensor from a file that must hold exactly these tensors, and perhaps `other`.
  package func load(_ weights: Safetensors, and other: String? = nil) throws(FormatError) {
    try layout.check(weights, and: other)
    for tensor in layout.tensors {
      guard let found = weights.tensor(named: tensor.name) else { continue }
      set(tensor, try weights.finiteFloats(found))
    }
  }

  /// All tensors and perhaps another as a safetensors file, F32, row-major; `file` is its name in
  /// errors.
  package func encoded(
    _ file: String, and other: (name: String, shape: [Int], values: [Float])? = nil
  ) throws(FormatError) -> [UInt8] {
    try Safetensors.encodeFinite(
      layout.tensors.map { (name: $0.name, shape: $0.shape, values: values($0)) }
        + [other].compactMap(\.self), file: file)
  }
}

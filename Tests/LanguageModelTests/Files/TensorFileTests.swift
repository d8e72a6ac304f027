import Formats
import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

/// Directories as other programs write them.
@Suite struct TensorFileTests {
  /// A safetensors file of 16-bit words.
  private func file(
    _ type: String, _ tensors: [(name: String, shape: [Int], words: [UInt16])]
  ) -> [UInt8] {
    var (header, offset) = (JSONObject(), 0)
    for tensor in tensors {
      let end = offset + 2 * tensor.words.count
      header[tensor.name] = [
        "dtype": .string(type), "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      offset = end
    }
    let text = JSON.object(header).encodedBytes()
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    for word in tensors.flatMap(\.words) {
      bytes += [UInt8(truncatingIfNeeded: word), UInt8(word >> 8)]
    }
    return bytes
  }

  @Test(arguments: ["F16", "BF16"]) func weightsOfHalfThePrecisionAreWidened(type: String) throws {
    let configuration = TinyPolicy.configuration(tied: false)
    let layout = ParameterLayout(configuration)
    // ±k/64 is exact in both, for k below 128.
    var rng = SplitMix64(seed: 12)
    let values = layout.tensors.map { tensor in
      (0..<tensor.shape.reduce(1, *)).map { _ in
        Float(Int.random(in: -127...127, using: &rng)) / 64
      }
    }
    let words = zip(layout.tensors, values).map { tensor, values in
      (
        name: tensor.name, shape: tensor.shape,
        words: values.map { value in
          type == "BF16" ? UInt16(value.bitPattern >> 16) : Float16(value).bitPattern
        }
      )
    }
    let model = try Model(
      configuration: configuration,
      weights: Safetensors(bytes: file(type, words), file: "model.safetensors"))
    // A sign before a zero survives, too.
    #expect(bitDifference(model.parameters.flat, values.flatMap { $0 }) == nil)
  }

  @Test func aTensorOfAnotherTypeIsRefusedByName() throws {
    let layout = ParameterLayout(TinyPolicy.configuration(tied: true))
    let words = layout.tensors.map {
      (name: $0.name, shape: $0.shape, words: [UInt16](repeating: 0, count: $0.shape.reduce(1, *)))
    }
    let text = ModelFolder.fault {
      _ = try Model(
        configuration: TinyPolicy.configuration(tied: true),
        weights: Safetensors(bytes: file("I16", words), file: "model.safetensors"))
    }
    #expect(
      text == "model.safetensors: model.embed_tokens.weight: "
        + "wrong dtype (got I16; need F32, F16 or BF16)")
  }

  @Test func whatDoesNotFitTheConfigurationIsListed() {
    var tensors = TinyPolicy.tensors(of: TinyPolicy.model(tied: true))
    #expect(ModelFolder.fault(of: tensors) == nil)
    tensors.removeAll { $0.name == "model.norm.weight" }
    tensors.append(("model.extra.weight", [77, 36], .init(repeating: 0, count: 77 * 36)))
    tensors[2].shape = [36, 60]
    #expect(
      ModelFolder.fault(of: tensors)
        == "model.safetensors: does not match config.json: "
        + "unexpected tensor model.extra.weight; tensor model.layers.0.self_attn.q_proj.weight "
        + "has shape [36, 60] (need [60, 36]); missing tensor model.norm.weight")
    // A list too long to read is cut.
    let text = ModelFolder.fault(of: [("x", [1], [0])])
    #expect(text?.contains("unexpected tensor x; missing tensor model.embed_tokens.weight") == true)
    #expect(text?.hasSuffix("; and 20 more") == true)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aWeightThatIsNotFiniteIsRefusedByNameAndPlace(bad: Float) {
    var tensors = TinyPolicy.tensors(of: TinyPolicy.model(tied: true))
    tensors[13].values[41] = bad
    #expect(
      ModelFolder.fault(of: tensors)
        == "model.safetensors: \(tensors[13].name): is not finite at flat index 41 (got \(bad))")
  }

  /// Buffers and a repeated matrix, which older versions of transformers wrote.
  @Test func whatIsKnownAlreadyMayBeThere() throws {
    let model = TinyPolicy.model(tied: true)
    var tensors = TinyPolicy.tensors(of: model)
    tensors.append(("model.layers.0.self_attn.rotary_emb.inv_freq", [6], [1, 1, 1, 1, 1, 1]))
    tensors.append(("model.rotary_emb.inv_freq", [2], [0, .infinity]))
    tensors.append(("lm_head.weight", tensors[0].shape, tensors[0].values))
    #expect(ModelFolder.fault(of: tensors) == nil)
    tensors[tensors.count - 1].values[17] += 1
    #expect(
      ModelFolder.fault(of: tensors)?.hasSuffix(
        ": lm_head.weight differs from the embedding, to which tie_word_embeddings ties it") == true
    )
    tensors[tensors.count - 1] = ("lm_head.weight", [1, 36], Array(repeating: 0, count: 36))
    #expect(ModelFolder.fault(of: tensors)?.contains("lm_head.weight differs") == true)
    // Without a tie it is what it is.
    var untied = TinyPolicy.tensors(of: TinyPolicy.model(tied: false))
    untied.removeAll { $0.name == "lm_head.weight" }
    #expect(
      ModelFolder.fault(of: untied, tied: false)?.hasSuffix(": missing tensor lm_head.weight")
        == true)
  }

  /// As `safetensors.torch.save_model` writes a tied matrix: under one name, which may be either.
  @Test func aTiedMatrixIsReadUnderEitherName() throws {
    var (tensors, folder) = (
      TinyPolicy.tensors(of: TinyPolicy.model(tied: true)), try ModelFolder()
    )
    tensors[0].name = "lm_head.weight"
    #expect(ModelFolder.fault(of: tensors) == nil)
    let model = TinyPolicy.model(tied: true)
    try folder.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    let read = try ModelDirectory.load(folder.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)
    // Without a tie, one does not stand for the other.
    var untied = TinyPolicy.tensors(of: TinyPolicy.model(tied: false))
    untied.removeAll { $0.name == "model.embed_tokens.weight" }
    #expect(
      ModelFolder.fault(of: untied, tied: false)?.hasSuffix(
        ": missing tensor model.embed_tokens.weight") == true)
  }

  @Test func aSaveOfTheTransformerAloneIsRead() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    var tensors = TinyPolicy.tensors(of: model)
    for i in tensors.indices { tensors[i].name.removeFirst("model.".count) }
    try folder.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    let read = try ModelDirectory.load(folder.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)
    // A head that is not tied would be drawn at random, which transformers warns of.
    #expect(
      ModelFolder.fault(of: tensors, tied: false)?.hasSuffix(": missing tensor lm_head.weight")
        == true)
    tensors.append(("model.norm.weight", [36], Array(repeating: 1, count: 36)))
    #expect(ModelFolder.fault(of: tensors)?.contains("unexpected tensor norm.weight") == true)
  }

  @Test func whatComputesNothingIsLeftOut() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    var tensors = TinyPolicy.tensors(of: model)
    for name in ["cos_cached", "sin_cached"] {
      tensors.append(("model.layers.0.self_attn.rotary_emb.\(name)", [1, 1, 2, 2], [0, 0, 0, 0]))
    }
    tensors.append(("v_head.summary.weight", [1, 1], [3]))
    tensors.append(("v_head.summary.bias", [1], [3]))
    try folder.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    #expect(
      try ModelDirectory.load(folder.path).configuration.warnings == [
        folder.path
          + "/model.safetensors: v_head.summary.bias and v_head.summary.weight: the value "
          + "head of another training run is ignored"
      ])
  }
}

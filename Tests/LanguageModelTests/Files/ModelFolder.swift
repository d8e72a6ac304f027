import Formats
import Foundation
import Kernels
import LanguageModel

/// A directory for a test's model, removed with it.
final class ModelFolder {
  let path = NSTemporaryDirectory() + "/model-" + UUID().uuidString

  init() throws { try Files.createDirectory(path) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ files: [(name: String, bytes: [UInt8])]) throws {
    for file in files { try Files.writeAtomically(file.bytes, to: path + "/" + file.name) }
  }

  /// What is said to be wrong with it; nil where it is read.
  var fault: String? { Self.fault { _ = try ModelDirectory.load(path) } }

  static func fault(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch { return "\(error)" }
  }

  /// What is said to be wrong with weights.
  static func fault(
    of tensors: [(name: String, shape: [Int], values: [Float])], tied: Bool = true
  ) -> String? {
    fault {
      let bytes = try Safetensors.encode(tensors)
      _ = try Model(
        configuration: TinyPolicy.configuration(tied: tied),
        weights: Safetensors(bytes: bytes, file: "model.safetensors"))
    }
  }
}

extension TinyPolicy {
  static func model(tied: Bool) -> Model {
    let configuration = configuration(tied: tied)
    return Model(configuration: configuration, parameters: parameters(configuration))
  }

  static func tensors(of model: Model) -> [(name: String, shape: [Int], values: [Float])] {
    model.parameters.layout.tensors.map { ($0.name, $0.shape, model.parameters.values($0)) }
  }
}

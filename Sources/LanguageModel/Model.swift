public import Formats
internal import Kernels

/// A configuration and its weights.
public struct Model: Sendable {
  /// The model's shape and special ids.
  public let configuration: ModelConfiguration
  package let parameters: Parameters

  package init(configuration: ModelConfiguration, parameters: Parameters) {
    (self.configuration, self.parameters) = (configuration, parameters)
  }

  /// Creates a model whose weights are drawn at random for `seed`.
  public init(_ configuration: ModelConfiguration, seed: UInt64) {
    self.init(
      configuration: configuration, parameters: Parameters(configuration, seed: seed))
  }

  /// Reads the weights from a safetensors file.
  ///
  /// - Throws: `FormatError` where a tensor is missing, of another shape, or not finite.
  public init(
    configuration: ModelConfiguration, weights: Safetensors
  ) throws(FormatError) {
    let layout = ParameterLayout(configuration)
    let weights = try layout.named(weights)
    // Checked before memory is allocated: the file may not have the sizes of its configuration.
    try layout.check(weights)
    let parameters = Parameters(configuration)
    try parameters.load(weights)
    self.init(configuration: configuration, parameters: parameters)
  }

  /// How many numbers the model learns; a tied embedding counts once.
  public var parameterCount: Int { parameters.layout.parameterCount }

  /// The weights as a safetensors file, F32.
  ///
  /// - Throws: a `FormatError` where one of them is not finite.
  public func encodedWeights() throws(FormatError) -> [UInt8] {
    try parameters.encoded("model.safetensors")
  }
}

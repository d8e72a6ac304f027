import ArgumentParser
import Datasets

// What a shell completes where an option names a file.
extension CompletionKind {
  /// Recipes, studies and variants.
  static var recipes: CompletionKind { .file(extensions: ["yaml", "yml"]) }
  /// Rows of any format.
  static var rows: CompletionKind { .file(extensions: DataFile.endings) }
}

/// The version of this program, as `grpo --version` says it and runs record it.
public enum ProgramVersion {
  public static let current = "0.1.0"
}

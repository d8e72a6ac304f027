/// An arithmetic expression over whole numbers, read and evaluated exactly.
///
///     sum     = product *(("+" | "-") product)
///     product = factor *(("*" | "×" | "/" | "÷") factor)
///     factor  = number | "(" sum ")" | "-" factor
///     number  = 1*18DIGIT
///
/// White space may stand between signs and numbers. At most 1,000 characters and 50 parentheses or
/// signs deep.
struct ArithmeticExpression {
  /// Nil where the value is no 64-bit fraction: a division by 0, or an overflow.
  let value: Fraction?
  /// Every number, in the order in which it is written.
  let numbers: [Int]

  /// Nil when `text` as a whole is no expression.
  init?(_ text: String) {
    let scalars = Array(text.unicodeScalars.prefix(1001))
    guard scalars.count <= 1000 else { return nil }
    var reader = Reader(scalars: scalars)
    guard let value = reader.sum(depth: 0), reader.isAtEnd else { return nil }
    (self.value, numbers) = (value.fraction, reader.numbers)
  }

  /// A value that is known, or an expression that has none.
  private struct Value {
    var fraction: Fraction?

    static func combine(
      _ a: Value, _ b: Value, _ operation: (Fraction, Fraction) -> Fraction?
    ) -> Value {
      guard let x = a.fraction, let y = b.fraction else { return Value(fraction: nil) }
      return Value(fraction: operation(x, y))
    }
  }

  private struct Reader {
    let scalars: [Unicode.Scalar]
    var position = 0
    var numbers: [Int] = []

    var isAtEnd: Bool {
      mutating get {
        skipWhiteSpace()
        return position == scalars.count
      }
    }

    private mutating func skipWhiteSpace() {
      while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
    }

    /// The sign that comes next, if it is one of `signs`.
    private mutating func take(_ signs: String.UnicodeScalarView) -> Unicode.Scalar? {
      skipWhiteSpace()
      guard position < scalars.count, signs.contains(scalars[position]) else { return nil }
      position += 1
      return scalars[position - 1]
    }

    mutating func sum(depth: Int) -> Value? {
      guard var total = product(depth: depth) else { return nil }
      while let sign = take("+-−".unicodeScalars) {
        guard let next = product(depth: depth) else { return nil }
        total = .combine(total, next) { sign == "+" ? $0 + $1 : $0 + $1.negated }
      }
      return total
    }

    private mutating func product(depth: Int) -> Value? {
      guard var total = factor(depth: depth) else { return nil }
      while let sign = take("*×/÷".unicodeScalars) {
        guard let next = factor(depth: depth) else { return nil }
        let isProduct = sign == "*" || sign == "×"
        total = .combine(total, next) { a, b in
          isProduct ? a * b : b.inverse.flatMap { a * $0 }
        }
      }
      return total
    }

    private mutating func factor(depth: Int) -> Value? {
      guard depth < 50 else { return nil }
      if take("-−".unicodeScalars) != nil {
        return factor(depth: depth + 1).map { Value(fraction: $0.fraction?.negated) }
      }
      if take("(".unicodeScalars) != nil {
        guard let inner = sum(depth: depth + 1), take(")".unicodeScalars) != nil else { return nil }
        return inner
      }
      return number()
    }

    private mutating func number() -> Value? {
      skipWhiteSpace()
      let digits = scalars[position...].prefix { ("0"..."9").contains($0) }
      guard (1...18).contains(digits.count) else { return nil }
      position += digits.count
      let value = digits.reduce(0) { $0 * 10 + Int($1.value) - 48 }
      numbers.append(value)
      return Value(fraction: Fraction(value, over: 1))
    }
  }
}

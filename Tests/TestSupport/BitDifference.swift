/// The first place where two arrays differ in a bit, in words; nil where they are the same.
///
/// `==` would take 0 for −0 and no NaN for itself.
package func bitDifference(_ a: [Float], _ b: [Float]) -> String? {
  if a.count != b.count { return "\(a.count) and \(b.count) numbers" }
  let differing = a.indices.filter { a[$0].bitPattern != b[$0].bitPattern }
  guard let first = differing.first else { return nil }
  return "\(differing.count) of \(a.count) differ, first [\(first)]: \(a[first]) and \(b[first])"
}

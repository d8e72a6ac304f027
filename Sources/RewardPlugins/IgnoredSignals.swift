import Glibc

/// Whether this process ignores a signal, by its own will or as its parent left it.
package func isIgnored(_ signal: Int32) -> Bool {
  var action = sigaction()
  // SAFETY: the call writes one action, into the one that it is given.
  guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
  // SAFETY: both are addresses of handlers; they are compared and not called.
  let (handler, ignoring) = unsafe (
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self),
    unsafeBitCast(SIG_IGN, to: UInt.self)
  )
  return handler == ignoring
}

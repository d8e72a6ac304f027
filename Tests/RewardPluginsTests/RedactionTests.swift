import RewardPlugins
import Testing

@Suite struct RedactionTests {
  @Test(arguments: [
    ("http://host/path", "http://host/path"),
    ("http://host:8000/a/@b", "http://host:8000/a/@b"),
    ("https://user:pw@host:1/x", "https://***@host:1/x"),
    ("https://user@host", "https://***@host"),
    ("https://user:p@ss@host/x", "https://***@host/x"),
    ("https://host/x?token=secret", "https://host/x?***"),
    ("https://host?token=secret", "https://host?***"),
    ("https://host/x?token=a?b#c", "https://host/x?***"),
    ("https://host/x#secret", "https://host/x#***"),
    ("https://user:pw@host/x?key=secret#f", "https://***@host/x?***"),
    ("http://[::1]:80/x?a", "http://[::1]:80/x?***"),
    ("http://user:pw@\u{301}host/x?\u{301}secret", "http://***@\u{301}host/x?***"),
    ("HTTPS://user:pw@HOST/", "HTTPS://***@HOST/"),
    // What is no URL may have been meant to be one.
    ("user:pw@host/x?y", "***@host/x?***"),
    ("http://user:p/w@host/x", "http://***@host/x"),
    ("http://user:p?w@host/x", "http://***@host/x"),
    ("http:/user:pw@host", "***@host"),
    ("http://host/x?", "http://host/x"), ("", ""), ("x", "x"),
  ])
  func nothingSecretIsLeftOfAURL(url: String, redacted: String) {
    #expect(Redaction.redacted(url: url) == redacted)
    #expect(Redaction.redacted(url: redacted) == redacted)
  }

  @Test func theURLsOfATextAreRedacted() {
    #expect(
      Redaction.redacted(urlsIn: "got http://a:b@c/d?e=f; and \"https://g?h\" or i://j:k@l, x")
        == "got http://***@c/d?***; and \"https://g?***\" or i://***@l, x")
    #expect(Redaction.redacted(urlsIn: "a: b?c @d :// ://x@y") == "a: b?c @d :// ://***@y")
    #expect(Redaction.redacted(urlsIn: "é://a@b") == "é://***@b")
  }

  @Test func whatWasRedactedIsKnown() {
    for text in ["***", "http://***@x", "http://x/y?***", "--url=http://x?*** -v"] {
      #expect(Redaction.isRedacted(text), "\(text)")
    }
    for text in ["", "http://x/y?a", "a ?*** b", "**"] { #expect(!Redaction.isRedacted(text)) }
  }
}

internal import Formats
public import RewardPlugins
internal import Rewards

extension Recipe {
  /// A server that scores completions.
  public struct Server: Sendable, Equatable {
    /// Where requests are posted: `url`.
    ///
    /// Required. With several each gets its part of a batch. `env:NAME` and `file:PATH` say where
    /// an address is to be found.
    public var urls: [String] = []
    /// Sent as `Authorization: Bearer TOKEN`, itself or as `env:NAME` or `file:PATH`: `token`.
    public var token: String?
    /// Further headers of every request, at most 64 names with texts, `env:NAME` or `file:PATH`:
    /// `headers`.
    public var headers: [PluginOptions.Variable] = []
    /// Whether requests go through the proxy that `http_proxy` and its like name: `proxy`.
    public var usesProxy = false
    /// Seconds until a batch of scores must be there: `timeout`.
    public var timeoutSeconds = 30.0

    /// Creates a reward with every key at its default; the URLs must be set.
    public init() {}

    /// What every request has beside the usual headers, references resolved.
    var resolvedHeaders: [String: String] {
      get throws(RewardError) {
        var result: [String: String] = [:]
        if let token { result["Authorization"] = "Bearer \(try Secret(token).value(of: "token"))" }
        for header in headers {
          result[header.name] = try Secret(header.value ?? "").value(of: "headers")
        }
        return result
      }
    }

    var defaultLabel: String { HTTPReward.name(of: urls.first ?? "url") }
  }
}

extension Recipe.Server: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "url", &urls, .listOrOne(of: .secretURL, count: 1...64),
      "Where requests are posted; several addresses share each batch. `env:NAME` or `file:PATH` says "
        + "where an address is kept.", .required, also: ["remote_rm_url"])
    for url in urls where fields.isReading && !Secret(url).isReference && !HTTPReward.isURL(url) {
      fields.fail(
        "url",
        "is not a URL (got \(Redaction.redacted(url: url)); need http://HOST or https://HOST with a path)"
      )
    }
    fields(
      "token", &token, .secret,
      "Sent as `Authorization: Bearer TOKEN`. `env:NAME` or `file:PATH` keeps it out of the recipe.",
      default: "none")
    fields(
      "headers", &headers, .headers,
      "Further headers of each request; values may be `env:NAME` or `file:PATH`.")
    for header in headers where fields.isReading && !HTTPHeaders.isName(header.name) {
      // A colon in the name was meant to begin the value.
      let name = header.name.prefix { $0 != ":" && $0 != " " }
      fields.fail(
        "headers", "contains a header that cannot be set (got \(String(name).shortened()))")
    }
    let authorizes = headers.contains { $0.name.lowercased() == "authorization" }
    if fields.isReading, token != nil, authorizes {
      fields.fail("token", "has no effect with headers.Authorization (need one of them)")
    }
    fields(
      "proxy", &usesProxy, .flag,
      "Whether requests use the proxy of the environment (http_proxy and others).")
    fields(
      "timeout", &timeoutSeconds, .number(above: 0, through: PluginOptions.longestTimeout),
      "Seconds that a request may take.")
  }
}

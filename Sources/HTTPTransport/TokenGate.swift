internal import HTTPTypes
internal import Hummingbird
internal import Messages

/// Lets through who sends the token, or everybody where there is none.
struct TokenGate: Sendable {
    let token: [UInt8]?

    /// Whether a request with these headers is let through.
    func admits(_ headers: HTTPFields) -> Bool {
        guard let token else { return true }
        let scheme = "Bearer "
        guard let given = headers[.authorization], given.hasPrefix(scheme) else { return false }
        let sent = Array(given.utf8.dropFirst(scheme.utf8.count))
        guard sent.count == token.count else { return false }
        // Every byte is looked at, so that time does not tell how many were right.
        var difference: UInt8 = 0
        for index in token.indices { difference |= token[index] ^ sent[index] }
        return difference == 0
    }

    /// The answer to all others.
    func refusal() throws -> Response {
        var response = try Page.refusal(
            .unauthenticated,
            "this page wants the daemon's http-token as Authorization: Bearer",
            field: "Authorization"
        )
        response.headers[.wwwAuthenticate] = "Bearer"
        return response
    }
}

internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Messages
internal import NIOCore

/// Responses of the operations pages.
enum Page {
    /// A refusal as JSON.
    private struct RefusalBody: Encodable {
        let code: String
        let message: String
        let field: String?
    }

    /// A value as JSON, keys sorted.
    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response
    {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var body = [UInt8](try encoder.encode(value))
        body.append(UInt8(ascii: "\n"))
        return bytes(body, type: "application/json", status: status)
    }

    /// A refusal with the HTTP code that its own code maps to.
    static func refusal(_ code: Code, _ message: String, field: String?) throws -> Response {
        try json(
            RefusalBody(code: code.name, message: message, field: field),
            status: .init(code: code.http)
        )
    }

    /// Bytes of a media type; never cached, since every page shows a moment.
    static func bytes(
        _ body: [UInt8],
        type: String,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        return Response(
            status: status,
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: body))
        )
    }
}

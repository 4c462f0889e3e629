/// Decides what follows an answer (RFC 9110 §15.4). Does no I/O.
enum Redirect {
    /// The request that the answer leads to; nil when it is the answer to give.
    ///
    /// - Parameter followed: how many redirects have led here.
    /// - Throws: `.tooManyRedirects`, and `.refusedURL` for what must not be followed.
    static func next(after response: HTTPResponse, to request: HTTPRequest, followed: Int) throws(HTTPFailure)
        -> HTTPRequest?
    {
        guard [301, 302, 303, 307, 308].contains(response.status), let location = response.headers["location"]
        else { return nil }
        guard request.maximumRedirects > 0,
            request.followsAfterAnyMethod || [.get, .head].contains(request.method)
        else { return nil }
        guard followed < request.maximumRedirects else {
            throw HTTPFailure(.tooManyRedirects, origin: request.url.origin, mayHaveBeenSent: true)
        }
        var next = request
        do throws(HTTPFailure) {
            next.url = try request.url.resolving(location)
        } catch {
            throw HTTPFailure(error.reason, origin: request.url.origin, mayHaveBeenSent: true)
        }
        guard request.url.isPlain || !next.url.isPlain else {
            throw HTTPFailure(
                .refusedURL("a redirect leads from https to http"), origin: request.url.origin,
                mayHaveBeenSent: true)
        }
        if response.status == 303
            ? request.method != .head : response.status <= 302 && request.method == .post
        {
            next.method = .get
            next.body = []
            next.headers.removeAll { $0.hasPrefix("content-") }
        }
        if next.url.origin != request.url.origin {
            let secret = Set(request.secretHeaders.map { $0.lowercased() }).union(["authorization", "cookie"])
            next.headers.removeAll(where: secret.contains)
        }
        return next
    }
}

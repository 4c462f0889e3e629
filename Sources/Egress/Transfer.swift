import CCurl
import Glibc
import Resilience
import Synchronization

/// Says to a transfer, from any thread, that nobody wants it any more.
final class Cancellation: Sendable {
    private let flag = Atomic(false)

    func raise() { flag.store(true, ordering: .relaxed) }

    var isRaised: Bool { flag.load(ordering: .relaxed) }
}

/// One request to one origin and its answer, redirects not followed.
///
/// Safe to share: what changes is touched by the thread of ``TransferThread`` alone, from `begin` to `finish`; libcurl
/// calls back on that thread only.
final class Transfer: @unchecked Sendable {
    let request: HTTPRequest
    /// On CLOCK_MONOTONIC.
    let deadlineNanoseconds: UInt64
    let cancellation: Cancellation
    private let policy: EgressPolicy
    private let complete: @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void

    private var handle: UnsafeMutableRawPointer?
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private var response = HTTPResponse()
    private var headerBytes = 0
    private var headerState = HeaderState.beforeStatusLine
    /// What we stopped it for ourselves.
    private var refusal: HTTPFailure.Reason?
    private var lastRefusedAddress: String?
    private var hasOpenedSocket = false
    private var attempts = 0

    /// Where in the answer a header line is: libcurl passes all lines alike, also those of informational answers and trailers.
    private enum HeaderState { case beforeStatusLine, inFields, afterFields, inTrailers }

    /// - Parameter complete: called once, on the thread of the transfers or on the one that submits.
    init(
        _ request: HTTPRequest, policy: EgressPolicy, deadlineNanoseconds: UInt64, cancellation: Cancellation,
        complete: @escaping @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void
    ) {
        self.request = request
        self.policy = policy
        self.deadlineNanoseconds = deadlineNanoseconds
        self.cancellation = cancellation
        self.complete = complete
    }

    /// The handle to add to the multi handle; it is the transfer's until ``finish(_:)``.
    func begin(_ configuration: HTTPClient.Configuration, now: UInt64) throws(HTTPFailure)
        -> UnsafeMutableRawPointer
    {
        guard now < deadlineNanoseconds else { throw failure(.timeout) }
        guard !request.url.isPlain || policy.mayAllowPlain(host: request.url.host, port: request.url.port)
        else {
            throw failure(.refusedURL("plain http goes only to what the list of allowed addresses names"))
        }
        guard let handle = curl_easy_init() else { throw failure(.broken("no memory")) }
        self.handle = handle
        let milliseconds = Int((deadlineNanoseconds - now + 999_999) / 1_000_000)
        let isSet =
            setTarget(of: handle, configuration, timeoutMs: milliseconds) && setGuards(of: handle)
            && setMethod(of: handle) && setHeaders(of: handle, configuration)
        guard isSet else {
            release()
            throw failure(.broken("it does not take the settings"))
        }
        return handle
    }

    /// Ends a transfer that libcurl has carried out, when its handle is in no multi handle any more.
    func finish(_ code: CURLcode) {
        let failed = reason(of: code)
        if failed == nil, let handle { readInfo(handle) }
        release()
        complete(failed.map { .failure(failure($0)) } ?? .success(response))
    }

    /// Ends a transfer that was not carried out, or not to its end.
    func fail(_ reason: HTTPFailure.Reason) {
        let failure = failure(reason)
        release()
        complete(.failure(failure))
    }

    /// Ends a transfer that did not begin.
    func fail(_ failure: HTTPFailure) { complete(.failure(failure)) }

    private func failure(_ reason: HTTPFailure.Reason) -> HTTPFailure {
        HTTPFailure(reason, origin: request.url.origin, mayHaveBeenSent: attempts > 0)
    }

    private func release() {
        if let handle { curl_easy_cleanup(handle) }
        handle = nil
        for list in lists { curl_slist_free_all(list) }
        lists = []
    }
}

// MARK: - What libcurl calls, on the thread of the transfers

extension Transfer {
    /// Of what libcurl hands back: it is the transfer itself, which lives as long as its handle.
    static func of(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Called for each address that the name has, before anything is sent there.
    func openSocket(_ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>) -> Int32 {
        let isInternet = [AF_INET, AF_INET6].contains(address.pointee.family)
        guard purpose == CURLSOCKTYPE_IPCXN, isInternet, let raw = rpcd_curl_socket_address(address),
            let target = IPAddress(raw, length: Int(address.pointee.addrlen))
        else {
            lastRefusedAddress = "it is no Internet address"
            return CURL_SOCKET_BAD
        }
        if let why = refusal(of: target) {
            lastRefusedAddress = why
            return CURL_SOCKET_BAD
        }
        let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(address.pointee.family, type, address.pointee.protocol)
        // Without a descriptor it is not the address that was refused.
        hasOpenedSocket = true
        return socket
    }

    private func refusal(of address: IPAddress) -> String? {
        policy.refusal(
            of: address, port: request.url.port, host: request.url.host, isPlain: request.url.isPlain)
    }

    /// Called before each time the request is sent; libcurl does so again by itself when a connection that it reused turns out
    /// to be closed.
    func mayBeSent(to address: String) -> Bool {
        // A reused connection was judged when it was made; whoever changes that some day falls over this.
        if let why = IPAddress(address).map(refusal(of:)) ?? "it is no Internet address" {
            refusal = .refusedAddress(why)
            return false
        }
        guard attempts == 0 || request.isRepeatable else {
            refusal = .truncated
            return false
        }
        attempts += 1
        return true
    }

    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= request.maximumBodyBytes - response.body.count else {
            if request.needsWholeBody { refusal = .tooLarge(.body) }
            return false
        }
        response.body.append(contentsOf: bytes)
        return true
    }

    func takeHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= request.maximumHeaderBytes else {
            refusal = .tooLarge(.headers)
            return false
        }
        var line = bytes[...]
        while let last = line.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
            line.removeLast()
        }
        switch headerState {
        case .beforeStatusLine: beginAnswer()
        case .inFields where line.isEmpty: headerState = .afterFields
        case .inFields: takeField(line)
        case .afterFields where line.starts(with: "HTTP/".utf8): beginAnswer()
        case .afterFields, .inTrailers: headerState = .inTrailers
        }
        return true
    }

    private func beginAnswer() {
        response.headers = HTTPHeaders()
        headerState = .inFields
    }

    private func takeField(_ line: UnsafeRawBufferPointer.SubSequence) {
        func text(_ part: UnsafeRawBufferPointer.SubSequence) -> String {
            let blank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            var part = part.drop(while: blank)
            while let last = part.last, blank(last) { part.removeLast() }
            return String(decoding: UnsafeRawBufferPointer(rebasing: part), as: UTF8.self)
        }
        if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
            response.headers.extendLast(by: text(line))
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            response.headers.append(received: text(line[..<colon]), text(line[(colon + 1)...]))
        }
    }
}

// MARK: - The outcome

extension Transfer {
    private func readInfo(_ handle: UnsafeMutableRawPointer) {
        response.status = rpcd_curl_response_code(handle)
        response.origin = request.url.origin
        response.remoteAddress =
            rpcd_curl_info_text(handle, CURLINFO_PRIMARY_IP).map { String(cString: $0) } ?? ""
        response.isConnectionReused = rpcd_curl_info_long(handle, CURLINFO_NUM_CONNECTS) == 0
        response.version =
            switch rpcd_curl_info_long(handle, CURLINFO_HTTP_VERSION) {
            case CURL_HTTP_VERSION_1_0: .http10
            case CURL_HTTP_VERSION_1_1: .http11
            case CURL_HTTP_VERSION_2_0: .http2
            default: .other
            }
        response.timings = HTTPResponse.Timings(
            resolvedMicroseconds: Int64(rpcd_curl_info_size(handle, CURLINFO_NAMELOOKUP_TIME_T)),
            connectedMicroseconds: Int64(rpcd_curl_info_size(handle, CURLINFO_CONNECT_TIME_T)),
            securedMicroseconds: Int64(rpcd_curl_info_size(handle, CURLINFO_APPCONNECT_TIME_T)),
            firstByteMicroseconds: Int64(rpcd_curl_info_size(handle, CURLINFO_STARTTRANSFER_TIME_T)))
    }

    /// Nil when the answer is whole.
    private func reason(of code: CURLcode) -> HTTPFailure.Reason? {
        if let refusal { return refusal }
        guard request.needsWholeBody || !hasHeaders else { return nil }
        switch code {
        case CURLE_OK:
            // libcurl takes the end of the connection for the end of the headers.
            return headerState == .beforeStatusLine || headerState == .inFields ? .truncated : nil
        case CURLE_URL_MALFORMAT: return .refusedURL("libcurl does not take it")
        case CURLE_COULDNT_RESOLVE_HOST: return .resolve
        case CURLE_COULDNT_CONNECT:
            guard let lastRefusedAddress, !hasOpenedSocket else { return .connect }
            return .refusedAddress(lastRefusedAddress)
        case CURLE_OPERATION_TIMEDOUT: return .timeout
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            return .tls(.untrusted)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: return .tls(.handshake)
        case CURLE_SSL_CACERT_BADFILE: return .tls(.authorities)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2_STREAM:
            return .truncated
        // The first is what it says of HTTP/0.9: anything that does not begin as HTTP.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING,
            CURLE_WRITE_ERROR:
            return .unreadable(Transfer.text(of: code))
        default: return .broken(Transfer.text(of: code))
        }
    }

    /// Those of the answer itself: an informational one is none.
    private var hasHeaders: Bool {
        guard let handle, headerState == .afterFields || headerState == .inTrailers else { return false }
        return rpcd_curl_response_code(handle) >= 200
    }

    private static func text(of code: CURLcode) -> String {
        curl_easy_strerror(code).map { String(cString: $0) } ?? "\(code.rawValue)"
    }
}

// MARK: - The settings

extension Transfer {
    private func setTarget(
        of handle: UnsafeMutableRawPointer, _ configuration: HTTPClient.Configuration, timeoutMs: Int
    ) -> Bool {
        var codes = [
            rpcd_curl_set_text(handle, CURLOPT_URL, request.url.text),
            rpcd_curl_set_long(handle, CURLOPT_TIMEOUT_MS, timeoutMs),
            rpcd_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeoutMs),
            rpcd_curl_set_text(handle, CURLOPT_ACCEPT_ENCODING, HTTPClient.encodings),
            rpcd_curl_set_long(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS),
            rpcd_curl_set_long(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2),
            rpcd_curl_set_long(handle, CURLOPT_SSL_VERIFYPEER, 1),
            rpcd_curl_set_long(handle, CURLOPT_SSL_VERIFYHOST, 2),
        ]
        if let authorities = configuration.authorities {
            codes.append(rpcd_curl_set_text(handle, CURLOPT_CAINFO, authorities))
            codes.append(rpcd_curl_set_text(handle, CURLOPT_CAPATH, nil))
        }
        if !configuration.resolutions.isEmpty {
            guard let list = list(of: configuration.resolutions) else { return false }
            codes.append(rpcd_curl_set_list(handle, CURLOPT_RESOLVE, list))
        }
        return codes.allSatisfy { $0 == CURLE_OK }
    }

    private func setGuards(of handle: UnsafeMutableRawPointer) -> Bool {
        let context = Unmanaged.passUnretained(self).toOpaque()
        return [
            rpcd_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            // Neither proxies from the environment nor passwords from ~/.netrc.
            rpcd_curl_set_text(handle, CURLOPT_PROXY, ""),
            rpcd_curl_set_long(handle, CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
            rpcd_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
            rpcd_curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            // Without it the end of a transfer waits for a resolver that does not answer, and all the others with it.
            rpcd_curl_set_long(handle, CURLOPT_QUICK_EXIT, 1),
            rpcd_curl_set_socket_opener(
                handle,
                { context, purpose, address in
                    guard let transfer = Transfer.of(context), let address else { return CURL_SOCKET_BAD }
                    return transfer.openSocket(purpose, address)
                }, context),
            rpcd_curl_set_before_request(
                handle,
                { context, address, _, _, _ in
                    guard let transfer = Transfer.of(context), let address,
                        transfer.mayBeSent(to: String(cString: address))
                    else { return Int32(CURL_PREREQFUNC_ABORT) }
                    return Int32(CURL_PREREQFUNC_OK)
                }, context),
            rpcd_curl_set_writer(
                handle,
                { bytes, size, count, context in
                    guard let transfer = Transfer.of(context) else { return 0 }
                    let isTaken = transfer.takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    return isTaken ? size * count : 0
                }, context),
            rpcd_curl_set_header_writer(
                handle,
                { bytes, size, count, context in
                    guard let transfer = Transfer.of(context) else { return 0 }
                    let isTaken = transfer.takeHeaderLine(
                        UnsafeRawBufferPointer(start: bytes, count: size * count))
                    return isTaken ? size * count : 0
                }, context),
        ].allSatisfy { $0 == CURLE_OK }
    }

    private func setMethod(of handle: UnsafeMutableRawPointer) -> Bool {
        switch request.method {
        case .get: return rpcd_curl_set_long(handle, CURLOPT_HTTPGET, 1) == CURLE_OK
        case .head: return rpcd_curl_set_long(handle, CURLOPT_NOBODY, 1) == CURLE_OK
        case .post, .put, .patch, .delete, .options:
            var codes = [rpcd_curl_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue)]
            // Of these, only the first three say the length of a body that is empty (RFC 9110 §8.6).
            if !request.body.isEmpty || [.post, .put, .patch].contains(request.method) {
                codes.append(rpcd_curl_set_long(handle, CURLOPT_POST, 1))
                codes.append(
                    rpcd_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count)))
                codes.append(
                    request.body.withUnsafeBytes {
                        let bytes = $0.baseAddress.map { UnsafeMutableRawPointer(mutating: $0) }
                        return bytes.map { rpcd_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, $0) }
                            ?? rpcd_curl_set_text(handle, CURLOPT_COPYPOSTFIELDS, "")
                    })
            }
            return codes.allSatisfy { $0 == CURLE_OK }
        }
    }

    private func setHeaders(of handle: UnsafeMutableRawPointer, _ configuration: HTTPClient.Configuration)
        -> Bool
    {
        // A name alone, with a colon, takes away what libcurl would add; with a semicolon it is sent without a value.
        var lines =
            ["Expect:"]
            + request.headers.fields.map {
                $0.value.utf8.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                    ? "\($0.name);" : "\($0.name): \($0.value)"
            }
        if request.headers["content-type"] == nil { lines.append("Content-Type:") }
        if request.headers["user-agent"] == nil { lines.append("User-Agent: \(configuration.userAgent)") }
        guard let list = list(of: lines) else { return false }
        return rpcd_curl_set_list(handle, CURLOPT_HTTPHEADER, list) == CURLE_OK
    }

    private func list(of lines: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                curl_slist_free_all(list)
                return nil
            }
            list = longer
        }
        if let list { lists.append(list) }
        return list
    }
}

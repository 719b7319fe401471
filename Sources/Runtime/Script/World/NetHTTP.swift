/// The requests of scripts over the real client. A call that does not ask for private addresses never reaches one; a
/// call that does reaches those that the owner allows.
@Loop
public final class NetHTTP: WorldHTTP {
    private let client: HTTPClient
    private let allowance: AddressAllowance
    private let sockets: Set<String>

    /// `sockets` are the paths of the Unix sockets that scripts may use.
    public init(_ client: HTTPClient, allowing allowance: AddressAllowance = AddressAllowance(), sockets: [String] = [])
    {
        self.client = client
        self.allowance = allowance
        self.sockets = Set(sockets)
    }

    public func send(_ request: HTTPRequest) async throws -> WorldAnswer {
        if let path = request.unixPath, !sockets.contains(path) {
            throw Fault(
                .denied, "the socket \(path) is not open to scripts", hint: "the owner lists those that they may use")
        }
        let wantsPrivate = request.guarding == .open
        var request = request
        request.guarding = .publicOnly(allowing: wantsPrivate ? allowance : AddressAllowance())
        do {
            let answer = try await client.send(request)
            return WorldAnswer(status: answer.status, headers: answer.headers, address: answer.address) {
                try await answer.body.next()
            }
        } catch let fault as Fault where fault.hint == AddressGuard.advice && !wantsPrivate {
            throw Fault(
                .denied, fault.message, hint: "if it is meant, say allow_private = true; the owner must allow it too")
        }
    }
}

import Runtime

/// Describes every door as OpenAPI 3.1, made from the same list that the router was made from; and a page for people that
/// reads it.
@Loop
struct DescriptionDoor: Door {
    let name = "description"
    private let document: [UInt8]
    /// Nil where the site is not installed.
    private let site: StaticFiles?

    init(of doors: [any Door], site: StaticFiles? = nil) {
        self.site = site
        document = OpenAPI.document(doors + [DescriptionDoor()])
    }

    private init() {
        document = []
        site = nil
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/openapi.json", summary: "This description.",
                answers: [200: "an OpenAPI 3.1 document"], schema: .value(["type": "object"]),
                action: .plain { [document] _ in .json(document) }),
            Endpoint(
                method: .get, path: "/mgmt/docs", summary: "This description as a page.",
                answers: [200: "the page", 404: "the site is not installed"], mediaType: "text/html",
                action: .task { try await page($0, "index.html") }),
            Endpoint(
                method: .get, path: "/mgmt/docs/{file}", summary: "A part of that page.",
                answers: [200: "the file", 404: "there is none of that name"], mediaType: "*/*",
                action: .task { try await page($0, $0.parameters["file"] ?? "") }),
        ]
    }

    private func page(_ request: Request, _ file: String) async throws -> Response {
        guard let site else {
            throw Fault(
                .notFound, "the site is not installed", hint: "PERIGEE_HOME names the directory that has `site`")
        }
        var response = try await site.response(to: request, path: file)
        response.headers["Content-Security-Policy"] =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'"
        return response
    }
}

import Runtime
import Testing

@testable import Host

@Suite("completion offer")
struct CompletionOfferTests {
    private static let http = [
        ConsoleCandidate("get", "get(url): asks for a page"), ConsoleCandidate("get_all", "function"),
    ]

    @Test(
        "what Tab puts in",
        arguments: [
            ("host.http.", http, "get"), ("host.http.ge", http, "t"), ("host.http.get", http, ""),
            ("host.http.get_", [http[1]], "all"), ("x", [], ""), ("", http, "  "), ("   ", http, "  "),
            ("   ", [], "  "),
        ] as [(String, [ConsoleCandidate], String)])
    func insertions(text: String, candidates: [ConsoleCandidate], insertion: String) {
        #expect(CompletionOffer(candidates, after: text).insertion == insertion)
    }

    @Test("a choice is listed in columns, cut to the screen, and a long one is counted")
    func listing() {
        let offer = CompletionOffer(Self.http, after: "host.http.get")
        #expect(offer.listing(width: 80) == "  get      get(url): asks for a page\n  get_all  function\n")
        #expect(offer.listing(width: 20) == "  get      get(url…\n  get_all  function\n")
        let many = CompletionOffer((0..<50).map { ConsoleCandidate("n\($0)") }, after: "n")
        #expect(many.listing(width: 80)?.hasSuffix("  … 10 more\n") == true)
        #expect(CompletionOffer([], after: "x").listing(width: 80) == nil)
    }
}

import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("workspaces over HTTP")
@Loop
struct WorkspacesDoorTests {
    private func serving(_ bed: WorkspacesBed, _ body: (Int, String) async throws -> Void) async throws {
        let scope = Scope("test") { _, error in Issue.record("\(error)") }
        let router = Router()
        router.add(WorkspacesDoor(Gate(), bed.workspaces), traced: .off)
        let server = Server(router, scope: scope)
        let port = try server.listen(host: "127.0.0.1", port: 0)
        let socket = "\(bed.directory.path)/door.sock"
        try server.listen(path: socket)
        try await body(port, socket)
        await server.drain(grace: .zero)
        await scope.close()
    }

    @Test("a workspace is shown with its keys by name, and never with a key")
    func shown() async throws {
        let bed = try await WorkspacesBed.open()
        let ann = try await bed.workspaces.setKeys([.openai: Secret("sk-planted-openai")], of: bed.workspace("ann"))
        _ = try await bed.workspace("bob")
        try await serving(bed) { port, socket in
            let list = try await Exchange.get("/mgmt/workspaces", port: port)
            let all = try list.json.list("workspaces")
            #expect(try list.status == 200 && list.json["more"] == false && all.count == 2)
            #expect(Set(all.map { $0.text("user") }) == ["ann", "bob"])
            let one = try await Exchange.get("/mgmt/workspaces/\(ann.id)", port: port)
            #expect(try one.json["keys"] == ["openai"] && one.json["directory"] == .string(ann.directory))
            #expect(try one.json["last_used_at"] == "2026-11-21T12:00:00Z")
            #expect(!one.body.contains("sk-planted") && !list.body.contains("sk-planted"))
            #expect(try await Exchange.get("/mgmt/workspaces/none", port: port).status == 404)
            let stranger = try await Exchange.get("/mgmt/workspaces", port: port, headers: [GateBed.stranger])
            #expect(stranger.status == 403)
            for words in [["workspaces"], ["workspaces", ann.id], ["workspaces", "--json"]] {
                let told = try await Program.run(
                    words + ["PERIGEE_SOCKET=\(socket)", "STATE_DIR=\(bed.directory.path)"])
                #expect(told.code == 0 && told.output.contains("ann") && told.output.contains("openai"))
                #expect(!told.output.contains("sk-planted"))
            }
        }
        await bed.close()
    }

    @Test("many workspaces come in pages, each once")
    func pages() async throws {
        let bed = try await WorkspacesBed.open()
        try await bed.store.write { store in
            for number in 0..<1203 {
                let id = Workspace.id(of: "user-\(number)")
                try store.run(WorkspacesQueries.add, id, "user-\(number)", id, 0, 0)
            }
        }
        try await serving(bed) { port, _ in
            var users: [String] = []
            var (after, more) = ("", true)
            while more {
                let page = try await Exchange.get("/mgmt/workspaces?after=\(after)", port: port).json
                let rows = page.list("workspaces")
                users += rows.map { $0.text("user") }
                after = rows.last?.text("id") ?? ""
                more = page["more"]?.bool ?? false
            }
            #expect(users.count == 1203 && Set(users).count == 1203)
        }
        await bed.close()
    }
}

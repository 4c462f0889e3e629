import ArgumentParser
import JSON
import RPC

struct OpenRPCCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openrpc", abstract: "Prints the OpenRPC document of every method.")

    func run() throws {
        let methods = try Daemon.declarations().methods
        print(String(decoding: OpenRPC.document(of: methods, version: Release.version), as: UTF8.self))
    }
}

struct OpenAPICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Prints the OpenAPI 3.1 document of the HTTP adapter.")

    func run() throws {
        let methods = try Daemon.declarations().methods
        print(String(decoding: OpenAPI.document(of: methods, version: Release.version), as: UTF8.self))
    }
}

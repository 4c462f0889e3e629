// swift-tools-version: 6.2

import PackageDescription

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "rpcd",
    products: [
        .executable(name: "rpcd", targets: ["rpcd"]),
        .library(name: "RPCDClient", targets: ["RPCDClient"]),
        .executable(name: "rpcd-provider-sim", targets: ["rpcd-provider-sim"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        system("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
        system("CArgon2", pkgConfig: "libargon2", apt: "libargon2-dev"),
        // Load libpq (libpq-dev) and libcurl (libcurl4-openssl-dev) when they are first needed.
        .target(name: "CLoading"),
        .target(name: "CPostgres", dependencies: ["CLoading"]),
        .target(name: "CCurl", dependencies: ["CLoading"]),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        system("CPCRE2", pkgConfig: "libpcre2-8", apt: "libpcre2-dev"),
        system("CSystemd", pkgConfig: "libsystemd", apt: "libsystemd-dev"),

        library("Identifiers"),
        library("JSON"),
        library("JSONSchema", ["CPCRE2", "JSON"]),
        library("Resilience"),
        library("Systemd", ["CSystemd"]),
        library("Cryptography", ["COpenSSL", "CArgon2", "JSON"]),
        library("Postgres", ["CPostgres", "Identifiers", "Resilience"]),
        library(
            "Redis",
            [
                "Resilience", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        library("RPC", ["JSON", "Identifiers", "Resilience"]),
        library(
            "Transports",
            [
                "RPC", "JSON", "Resilience", .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPCompression", package: "swift-nio-extras"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        library("Mail", ["CCurl", "Identifiers"]),
        library("Tabular", ["JSON"]),
        library("Egress", ["CCurl", "Resilience"]),
        library("ClickHouse", ["CZlib", "Egress", "Identifiers", "JSON", "Resilience"]),
        library("AnalyticsStores", ["ClickHouse", "Postgres", "JSON", "Identifiers", "Resilience"]),
        library(
            "Services",
            [
                "AnalyticsStores", "Mail", "Egress", "JSONSchema", "RPC", "JSON", "Identifiers", "Postgres",
                "Cryptography", "Redis", "Resilience",
            ]),
        library(
            "RPCDClient",
            [
                "JSON", "Resilience", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .target(name: "CRelease"),
        .executableTarget(
            name: "rpcd",
            dependencies: [
                "CRelease",
                "Transports", "Services", "AnalyticsStores", "Mail", "RPC", "Postgres", "Cryptography",
                "Redis", "Systemd", "Resilience", "JSON", "Tabular", "ClickHouse",
                "Identifiers", "Egress",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "rpcd-provider-sim",
            dependencies: [
                "JSON", "Resilience",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(
            name: "TestSupport", dependencies: ["CPostgres", "JSON", "RPC", "Postgres", "Resilience"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("JSONTests", ["JSON", "TestSupport"]),
        tests("JSONSchemaTests", ["JSONSchema", "JSON", "Resilience", "TestSupport"]),
        tests("IdentifiersTests", ["Identifiers", "TestSupport"]),
        tests("CryptographyTests", ["Cryptography", "JSON", "TestSupport"]),
        tests("PostgresTests", ["Postgres", "Identifiers", "Resilience", "TestSupport"]),
        tests(
            "RedisTests",
            [
                "Redis", "Resilience", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        tests("ResilienceTests", ["Resilience", "TestSupport"]),
        tests(
            "ServicesTests",
            [
                "Services", "AnalyticsStores", "Mail", "Postgres", "Cryptography", "RPC", "JSON",
                "Identifiers", "Resilience", "Egress", "Redis", "ClickHouse", "TestSupport",
                "rpcd-provider-sim",
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        tests(
            "TransportsTests",
            [
                "Transports", "RPC", "JSON", "Resilience", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]),
        .executableTarget(
            name: "fixture-server",
            dependencies: [
                "Transports", "RPC", "TestSupport", .product(name: "NIOPosix", package: "swift-nio"),
            ], path: "Tests/FixtureServer", swiftSettings: strict),
        tests(
            "IntegrationTests",
            [
                "rpcd", "rpcd-provider-sim", "RPC", "RPCDClient", "fixture-server", "Services",
                "Cryptography",
                "Postgres", "Identifiers", "JSON", "TestSupport",
            ],
            exclude: ["clients"]),
        tests(
            "ProviderSimTests",
            [
                "rpcd-provider-sim", "JSON", "Resilience", "TestSupport",
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        tests("MailTests", ["Mail", "Identifiers", "Resilience", "TestSupport"]),
        tests("EgressTests", ["Egress", "Resilience", "TestSupport"], exclude: ["servers"]),
        tests(
            "AnalyticsStoresTests",
            ["AnalyticsStores", "ClickHouse", "Postgres", "Identifiers", "Resilience", "TestSupport"]),
        tests(
            "ClickHouseTests",
            ["ClickHouse", "Egress", "Identifiers", "JSON", "Resilience", "TestSupport"]),
        tests("SystemdTests", ["Systemd"]),
        tests("TabularTests", ["Tabular", "JSON", "TestSupport"]),
        tests("RPCTests", ["RPC", "Identifiers", "JSON", "Resilience", "TestSupport"]),
    ]
)

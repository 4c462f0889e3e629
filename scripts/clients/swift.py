"""The Swift client: Sources/RPCDClient/Generated."""

import os
import shutil
import subprocess
import tempfile

from model import PAGING, camel, pascal, wrapped

HEAD = "// Written by scripts/generate-clients from the OpenRPC document. Do not edit.\n\n"
FOLDER = "Sources/RPCDClient/Generated"
KEYWORDS = {
    "as", "break", "case", "catch", "class", "continue", "default", "defer", "do", "else", "enum", "extension", "false",
    "for", "func", "guard", "if", "import", "in", "init", "internal", "is", "let", "nil", "operator", "private",
    "protocol", "public", "repeat", "return", "self", "static", "struct", "subscript", "super", "switch", "throw",
    "throws", "true", "try", "typealias", "var", "where", "while",
}


def files(model, root):
    sources = {
        "Types.swift": HEAD + types(model),
        "Methods.swift": HEAD + methods(model),
    }
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(root, ".swift-format"), folder)
        for name, text in sources.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        subprocess.run(
            ["swift", "format", "-i", "--configuration", os.path.join(folder, ".swift-format"), *sources], cwd=folder,
            check=True)
        formatted = {}
        for name in sources:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                formatted[f"{FOLDER}/{name}"] = file.read()
        return formatted


def identifier(name):
    return f"`{name}`" if name in KEYWORDS else name


def case(value):
    if value == "*":
        return "all"
    name = camel(value)
    return identifier("_" + name if name[0].isdigit() else name)


def spelled(type):
    match type.kind:
        case "string": return "String"
        case "secret": return "RPCD.Secret"
        case "integer": return "Int64"
        case "number": return "Double"
        case "boolean": return "Bool"
        case "any": return "RPCD.Value"
        case "object": return "[String: RPCD.Value]"
        case "struct" | "enum": return "RPCD." + type.name
        case "list": return f"[{spelled(type.inner)}]"
        case "nullable": return spelled(type.inner) + "?"
        case "page": return f"RPCD.Page<{spelled(type.inner)}>"
        case "nothing": return "Void"
    raise ValueError(type)


def optional(member):
    type = spelled(member.type)
    return type if member.required or type.endswith("?") else type + "?"


def comment(text, indent):
    return "".join(line + "\n" for line in wrapped(text, " " * indent + "///"))


def types(model):
    text = "import JSON\n\nextension RPCD {\n"
    for enum in model.enums:
        text += f"public enum {enum.name}: Sendable, Hashable {{\n"
        text += "".join(f"case {case(value)}\n" for value in enum.values)
        text += "/// One that this client does not know.\ncase unknown(String)\n}\n\n"
    for struct in model.structs:
        text += f"public struct {struct.name}: Sendable, Hashable {{\n"
        for member in struct.members:
            text += comment(member.summary, 8)
            text += f"public {'var' if struct.sent else 'let'} {identifier(member.name)}: {optional(member)}\n"
        if struct.sent:
            parameters = ", ".join(
                f"{member.name}: {optional(member)}" + ("" if member.required else " = nil")
                for member in struct.members)
            text += f"\npublic init({parameters}) {{\n"
            text += "".join(f"self.{member.name} = {identifier(member.name)}\n" for member in struct.members)
            text += "}\n"
        text += "}\n\n"
    text += "}\n\n"
    for enum in model.enums:
        text += f"extension RPCD.{enum.name}: RawRepresentable, Readable, Writable {{\n"
        text += "public init(rawValue: String) {\nself =\nswitch rawValue {\n"
        text += "".join(f'case "{value}": .{case(value)}\n' for value in enum.values)
        text += "default: .unknown(rawValue)\n}\n}\n\n"
        text += "public var rawValue: String {\nswitch self {\n"
        text += "".join(f'case .{case(value)}: "{value}"\n' for value in enum.values)
        text += "case .unknown(let value): value\n}\n}\n\n"
        text += "init(reading json: JSON) throws(Misread) { self.init(rawValue: try String(reading: json)) }\n\n"
        text += "func write(to writer: inout JSONWriter) { writer.string(rawValue) }\n}\n\n"
    for struct in model.structs:
        if struct.received:
            text += f"extension RPCD.{struct.name}: Readable {{\ninit(reading json: JSON) throws(Misread) {{\n"
            text += "let members = try Members(json)\n"
            for member in struct.members:
                text += f'self.{member.name} = try members.read("{member.name}")\n'
            text += "}\n}\n\n"
        if struct.sent:
            text += f"extension RPCD.{struct.name}: Writable {{\nfunc write(to writer: inout JSONWriter) {{\n"
            text += "writer.beginObject()\n"
            for member in struct.members:
                text += f'writer.member("{member.name}", {identifier(member.name)})\n'
            text += "writer.endObject()\n}\n}\n\n"
    return text


def methods(model):
    text = "extension RPCD.Client {\n"
    for group in model.root.groups.values():
        text += accessor(group, "self")
    text += "}\n\n"
    for group in model.root.groups.values():
        text += "extension RPCD {\n" + service(group) + "}\n\n"
    return text


def accessor(group, client):
    name = "RPCD." + ".".join(pascal(part) + "Methods" for part in group.path)
    return f"/// The methods `{'.'.join(group.path)}.…`.\npublic var {identifier(group.name)}: {name} {{ {name}(client: {client}) }}\n\n"


def service(group):
    text = f"/// The methods `{'.'.join(group.path)}.…`.\n"
    text += f"public struct {pascal(group.name)}Methods: Sendable {{\nlet client: RPCD.Client\n\n"
    for inner in group.groups.values():
        text += accessor(inner, "client")
    for name, method in group.methods.items():
        text += function(name, method)
        if method.result.kind == "page":
            text += all_items(name, method)
    for inner in group.groups.values():
        text += service(inner)
    return text + "}\n\n"


def parameters(params):
    return "".join(
        f"{identifier(param.name)}: {optional(param)}{'' if param.required else ' = nil'}, " for param in params
    ) + "options: RPCD.CallOptions = .init()"


def documentation(method, params):
    text = comment(method.summary, 8) + "        ///\n" + comment(method.requirement, 8)
    if params:
        text += "        /// - Parameters:\n"
        for param in params:
            lines = wrapped(f"- {param.name}: {param.summary}", "        ///  ")
            text += "".join(line + "\n" for line in lines)
    return text


def operation(method):
    flags = (", mutates: true" if method.mutates else "") + (", isIdempotent: true" if method.idempotent else "")
    return f'Operation("{method.name}"{flags})'


def sets(params):
    return "".join(f'params.set("{param.name}", {identifier(param.name)})\n' for param in params)


def closure(params):
    return "{ params in\n" + sets(params) + "}" if params else "{ _ in }"


def function(name, method):
    result = spelled(method.result)
    text = documentation(method, method.params)
    if method.progress:
        # A call without a result ends like any other; there is only nothing to read of it.
        given = "RPCD.Done" if result == "Void" else result
        text += f"public func {identifier(name)}({parameters(method.params)}) -> RPCD.Stream<{spelled(method.progress)}, {given}> {{\n"
        return text + f"client.stream({operation(method)}, options) {closure(method.params)}\n}}\n\n"
    if method.mutates and result != "Void":
        text += "@discardableResult\n"
    arrow = "" if result == "Void" else f" -> {result}"
    text += f"public func {identifier(name)}({parameters(method.params)}) async throws(RPCD.Failure){arrow} {{\n"
    start = "let _: RPCD.Done = " if result == "Void" else ""
    return text + f"{start}try await client.call({operation(method)}, options) {closure(method.params)}\n}}\n\n"


def all_items(name, method):
    params = [param for param in method.params if param.name not in PAGING]
    item = spelled(method.result.inner)
    given = {"limit": "RPCD.itemsAtOnce", "cursor": "cursor"}
    arguments = "".join(
        f"{param.name}: {given.get(param.name, identifier(param.name))}, " for param in method.params)
    text = comment(f"All that ``{name}`` has, page by page.", 8)
    text += f"public func {name}All({parameters(params)}) -> RPCD.Items<{item}> {{\n"
    text += "RPCD.Items { cursor throws(RPCD.Failure) in\n"
    return text + f"try await {identifier(name)}({arguments}options: options)\n}}\n}}\n\n"

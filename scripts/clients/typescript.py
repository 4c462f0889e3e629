"""The TypeScript client: clients/typescript/src/types.ts and methods.ts."""

from model import PAGING, pascal, wrapped

HEAD = "// {}. Written by scripts/generate-clients from the OpenRPC document. Do not edit.\n\n"
FOLDER = "clients/typescript/src"


def files(model):
    return {
        f"{FOLDER}/types.ts": HEAD.format("What methods take and give") + types(model),
        f"{FOLDER}/methods.ts": HEAD.format("The methods") + methods(model),
    }


def spelled(type, prefix=""):
    match type.kind:
        case "integer" | "number": return "number"
        case "string" | "boolean" as kind: return kind
        case "secret": return "string"
        case "any": return "unknown"
        case "object": return "{ [name: string]: unknown }"
        case "struct" | "enum": return prefix + type.name
        case "list" if type.inner.kind == "nullable": return f"({spelled(type.inner, prefix)})[]"
        case "list": return spelled(type.inner, prefix) + "[]"
        case "nullable": return spelled(type.inner, prefix) + " | null"
        case "page": return f"Page<{spelled(type.inner, prefix)}>"
        case "nothing": return "void"
    raise ValueError(type)


def comment(lines, indent):
    """A documentation comment of these paragraphs and entries."""
    space = " " * indent
    if len(lines) == 1 and len(lines[0]) < 100:
        return f"{space}/** {lines[0]} */\n"
    text = space + "/**\n"
    for line in lines:
        text += "".join(part + "\n" for part in wrapped(line, space + " *"))
    return text + space + " */\n"


def types(model):
    text = ""
    for enum in model.enums:
        text += "/** Values that this client does not know may come, too. */\n"
        values = "".join(f'\n  | "{value}"' for value in enum.values)
        text += f"export type {enum.name} ={values}\n  | (string & {{}});\n\n"
    for struct in model.structs:
        text += f"export interface {struct.name} {{\n"
        for member in struct.members:
            text += comment([member.summary], 2) if member.summary else ""
            mark = "" if member.required else "?"
            undefined = "" if member.required else " | undefined"
            text += f"  readonly {member.name}{mark}: {spelled(member.type)}{undefined};\n"
        text += "}\n\n"
    return text.rstrip("\n") + "\n"


def methods(model):
    text = 'import { allItems, CallOptions, Operation, Page, Stream } from "./calls.js";\nimport type * as types from "./types.js";\n\n'
    text += '''const itemsAtOnce = 100;

/** What carries the calls out. */
export interface Caller {
  call<Result>(operation: Operation, params?: object, options?: CallOptions): Promise<Result>;
  stream<Progress, Result>(operation: Operation, params: object, options?: CallOptions): Stream<Progress, Result>;
}

/** All methods, by the first part of their names. */
export class Methods {
'''
    groups = model.root.groups.values()
    text += "".join(f"  {group.name}!: {class_name(group)};\n" for group in groups)
    text += "\n  protected bind(caller: Caller): void {\n"
    text += "".join(f"    this.{group.name} = new {class_name(group)}(caller);\n" for group in groups)
    text += "  }\n}\n\n"
    for group in groups:
        text += service(group)
    return text.rstrip("\n") + "\n"


def class_name(group):
    return "".join(pascal(part) for part in group.path) + "Methods"


def service(group):
    text = "".join(service(inner) for inner in group.groups.values())
    text += f"/** The methods `{'.'.join(group.path)}.…`. */\nexport class {class_name(group)} {{\n"
    for inner in group.groups.values():
        text += f"  readonly {inner.name}: {class_name(inner)};\n"
    text += "\n  constructor(private readonly caller: Caller) {\n" if group.methods else "\n  constructor(caller: Caller) {\n"
    text += "".join(f"    this.{inner.name} = new {class_name(inner)}(caller);\n" for inner in group.groups.values())
    text += "  }\n"
    for name, method in group.methods.items():
        text += function(name, method)
        if method.result.kind == "page":
            text += all_of(name, method)
    return text + "}\n\n"


def parameters(params):
    if not params:
        return ""
    members = "; ".join(
        f"{param.name}{'' if param.required else '?'}: {spelled(param.type, 'types.')}"
        + ("" if param.required or param.type.kind in ("nullable", "any") else " | null | undefined") for param in params)
    default = "" if any(param.required for param in params) else " = {}"
    return f"params: {{ {members} }}{default}, "


def operation(method):
    members = [f'method: "{method.name}"']
    members += ["mutates: true"] if method.mutates else []
    members += ["idempotent: true"] if method.idempotent else []
    members += [f'events: "{method.events}"'] if method.events else []
    members += ["document: true"] if method.document else []
    members += ["streams: true"] if method.progress else []
    return "{ " + ", ".join(members) + " }"


def function(name, method):
    text = "\n" + comment(
        [method.summary, "", method.requirement]
        + [f"@param params.{param.name} {param.summary}" for param in method.params], 2)
    result = spelled(method.result, "types.")
    call = "stream" if method.progress else "call"
    returned = f"Stream<{spelled(method.progress, 'types.')}, {result}>" if method.progress else f"Promise<{result}>"
    given = "params" if method.params else "{}"
    text += f"  {name}({parameters(method.params)}options?: CallOptions): {returned} {{\n"
    return text + f"    return this.caller.{call}({operation(method)}, {given}, options);\n  }}\n"


def all_of(name, method):
    params = [param for param in method.params if param.name not in PAGING]
    given = ("...params, " if params else "") + "limit: itemsAtOnce, ...(cursor === undefined ? {} : { cursor })"
    text = f"\n  /** All that `{name}` has, page by page. */\n"
    text += f"  {name}All({parameters(params)}options?: CallOptions): AsyncGenerator<{spelled(method.result.inner, 'types.')}, void, undefined> {{\n"
    return text + f"    return allItems((cursor) => this.{name}({{ {given} }}, options));\n  }}\n"

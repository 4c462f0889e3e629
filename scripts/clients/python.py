"""The Python client: clients/python/rpcd/types.py and methods.py."""

import keyword

from model import PAGING, pascal, snake, words, wrapped

HEAD = '"""{}. Written by scripts/generate-clients from the OpenRPC document. Do not edit."""\n\nfrom __future__ import annotations\n\n'
FOLDER = "clients/python/rpcd"


def files(model):
    return {
        f"{FOLDER}/types.py": HEAD.format("What methods take and give") + types(model),
        f"{FOLDER}/methods.py": HEAD.format("The methods") + methods(model),
    }


def identifier(name):
    name = snake(name)
    return name + "_" if keyword.iskeyword(name) else name


def constant(value):
    if value == "*":
        return "ALL"
    name = "_".join(words(value)).upper()
    return "_" + name if name[0].isdigit() else name


def spelled(type, prefix="", parameter=False):
    match type.kind:
        case "string" | "secret": return "str"
        case "integer": return "int"
        case "number": return "float"
        case "boolean": return "bool"
        case "any": return "Any"
        # In a class that has a method `list`, the name means that method.
        case "object": return "Mapping[str, Any]" if parameter else "dict[str, Any]"
        case "struct" | "enum": return prefix + type.name
        case "list": return ("Sequence" if parameter else "list") + f"[{spelled(type.inner, prefix, parameter)}]"
        case "nullable": return spelled(type.inner, prefix, parameter) + " | None"
        case "page": return f"Page[{spelled(type.inner, prefix)}]"
        case "nothing": return "None"
    raise ValueError(type)


def optional(member, prefix="", parameter=False):
    type = spelled(member.type, prefix, parameter)
    return type if member.required or type == "Any" or type.endswith("| None") else type + " | None"


def reading(type, value, prefix=""):
    """An expression that reads `value`."""
    match type.kind:
        case "struct": return f"{prefix}{type.name}._from_json({value})"
        case "enum": return f"{prefix}{type.name}({value})"
        case "list" if not plain(type.inner): return f"[{reading(type.inner, 'item', prefix)} for item in {value}]"
        case "nullable" if not plain(type.inner):
            return f"None if {value} is None else {reading(type.inner, value, prefix)}"
    return value


def plain(type):
    return type.kind not in ("struct", "enum") and (type.inner is None or plain(type.inner))


def reader(type, prefix):
    match type.kind:
        case "nothing": return "lambda value: None"
        case "page": return f"lambda value: read_page(value, {reader(type.inner, prefix)})"
        case "struct": return f"{prefix}{type.name}._from_json"
    return f"lambda value: {reading(type, 'value', prefix)}"


def types(model):
    text = "from collections.abc import Mapping, Sequence\nfrom dataclasses import dataclass, field\nfrom typing import Any, Self\n\n"
    text += "from .values import OpenEnum, members\n"
    for enum in model.enums:
        text += f"\n\nclass {enum.name}(OpenEnum):\n"
        text += "".join(f'    {constant(value)} = "{value}"\n' for value in enum.values)
    for struct in model.structs:
        text += f"\n\n@dataclass(frozen=True, slots=True, kw_only=True)\nclass {struct.name}:\n"
        for member in struct.members:
            text += "".join(line + "\n" for line in wrapped(member.summary, "    #:"))
            default = "" if member.required else " = None"
            if member.type.kind == "secret":
                # Printed, a result ends up in logs.
                default = " = field(repr=False)" if member.required else " = field(default=None, repr=False)"
            text += f"    {identifier(member.name)}: {optional(member, parameter=struct.sent)}{default}\n"
        if struct.received:
            text += "\n    @classmethod\n    def _from_json(cls, value: Any) -> Self:\n        return cls(\n"
            for member in struct.members:
                place = f'value["{member.name}"]' if member.required else f'value.get("{member.name}")'
                expression = reading(member.type, place)
                if not member.required and not plain(member.type) and member.type.kind != "nullable":
                    expression = f"None if {place} is None else {expression}"
                text += f"            {identifier(member.name)}={expression},\n"
            text += "        )\n"
        if struct.sent:
            text += "\n    def _to_json(self) -> dict[str, Any]:\n        return members(\n"
            text += "".join(
                f"            {member.name}=self.{identifier(member.name)},\n" for member in struct.members)
            text += "        )\n"
    return text


def methods(model):
    text = "from collections.abc import Callable, Iterator, Mapping, Sequence\nfrom typing import Any, Protocol, TypeVar\n\n"
    text += "from . import types\nfrom .calls import CallOptions, Operation, Page, Stream, all_items, read_page\n\n"
    text += 'Progress = TypeVar("Progress")\nResult = TypeVar("Result")\n\n'
    text += "_DEFAULT = CallOptions()\n_ITEMS_AT_ONCE = 100\n\n\n"
    text += '''class Caller(Protocol):
    """What carries the calls out."""

    def _call(
        self, operation: Operation, params: dict[str, Any], options: CallOptions, reader: Callable[[Any], Result]
    ) -> Result: ...

    def _stream(
        self, operation: Operation, params: dict[str, Any], options: CallOptions,
        progress: Callable[[Any], Progress], result: Callable[[Any], Result],
    ) -> Stream[Progress, Result]: ...
'''
    services = []
    for group in model.root.groups.values():
        service(group, services)
    text += "".join(services)
    text += '\n\nclass Methods:\n    """All methods, by the first part of their names."""\n\n'
    return text + "    def __init__(self, caller: Caller) -> None:\n" + "".join(
        accessor(group, "caller") for group in model.root.groups.values())


def class_name(group):
    return "".join(pascal(part) for part in group.path) + "Methods"


def accessor(group, caller):
    return f"        self.{identifier(group.name)} = {class_name(group)}({caller})\n"


def service(group, services):
    for inner in group.groups.values():
        service(inner, services)
    text = f"\n\nclass {class_name(group)}:\n" + f'    """The methods `{".".join(group.path)}.…`."""\n\n'
    text += "    def __init__(self, caller: Caller) -> None:\n        self._caller = caller\n"
    text += "".join(accessor(inner, "caller") for inner in group.groups.values())
    for name, method in group.methods.items():
        text += function(name, method)
        if method.result.kind == "page":
            text += all_of(name, method)
    services.append(text)


def signature(params):
    """Those that have to be given come first; all go by name."""
    ordered = sorted(params, key=lambda param: not param.required)
    listed = [
        f"{identifier(param.name)}: {optional(param, 'types.', True)}" + ("" if param.required else " = None")
        for param in ordered
    ]
    return "\n        self, *, " + ", ".join(listed + ["options: CallOptions = _DEFAULT"]) + "\n    "


def operation(method):
    arguments = [f'"{method.name}"']
    arguments += ["mutates=True"] if method.mutates else []
    arguments += ["idempotent=True"] if method.idempotent else []
    arguments += [f'events="{method.events}"'] if method.events else []
    arguments += ["document=True"] if method.document else []
    arguments += ["streams=True"] if method.progress else []
    return f"Operation({', '.join(arguments)})"


def function(name, method):
    result = spelled(method.result, "types.")
    given = result
    if method.progress:
        given = f"Stream[{spelled(method.progress, 'types.')}, {result}]"
    text = f"\n    def {identifier(name)}({signature(method.params)}) -> {given}:\n"
    text += docstring(method)
    call = "_stream" if method.progress else "_call"
    params = ", ".join(f'"{param.name}": {identifier(param.name)}' for param in method.params)
    readers = [reader(type, "types.") for type in (method.progress, method.result) if type]
    text += f"        return self._caller.{call}(\n            {operation(method)},\n"
    return text + f"            {{{params}}}, options,\n            {', '.join(readers)})\n"


def docstring(method):
    lines = wrapped('"""' + method.summary, "       ")
    lines += ["", "        " + method.requirement]
    for param in method.params:
        lines += wrapped(f"{identifier(param.name)}: {param.summary}", "       ")
    escaped = "\n".join(line.replace("\\", "\\\\") for line in lines)
    return escaped + '\n        """\n'


def all_of(name, method):
    params = [param for param in method.params if param.name not in PAGING]
    given = {"limit": "_ITEMS_AT_ONCE", "cursor": "cursor"}
    arguments = ", ".join(
        f"{identifier(param.name)}={given.get(param.name, identifier(param.name))}" for param in method.params)
    text = f"\n    def {identifier(name)}_all({signature(params)}) -> Iterator[{spelled(method.result.inner, 'types.')}]:\n"
    text += f'        """All that `{identifier(name)}` has, page by page."""\n'
    return text + f"        return all_items(lambda cursor: self.{identifier(name)}({arguments}, options=options))\n"

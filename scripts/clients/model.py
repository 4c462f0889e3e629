"""What an OpenRPC document says, in the form that the languages are written from."""

import re
from dataclasses import dataclass, field

# What every paged list takes besides its own params.
PAGING = ("limit", "cursor")


@dataclass(frozen=True)
class Type:
    """`kind` is a JSON type, `any`, `secret`, `struct`, `enum`, `list`, `nullable`, `page` or `nothing`."""

    kind: str
    name: str = ""
    inner: "Type | None" = None


@dataclass(frozen=True)
class Member:
    name: str
    type: Type
    summary: str
    required: bool


@dataclass(frozen=True)
class Struct:
    name: str
    members: tuple[Member, ...]
    sent: bool
    received: bool


@dataclass(frozen=True)
class Enum:
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Method:
    name: str
    summary: str
    requirement: str
    params: tuple[Member, ...]
    result: Type
    progress: Type | None
    mutates: bool
    idempotent: bool
    # The path of the event stream that HTTP has for it.
    events: str | None
    # Whether what it answers comes in parts that only its own route has over HTTP.
    document: bool


@dataclass
class Group:
    """The methods below one name: `billing`, and in it `billing.holds`."""

    name: str
    path: tuple[str, ...]
    groups: dict[str, "Group"] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)


class Model:
    def __init__(self, document):
        self.schemas = document["components"]["schemas"]
        failure = self.schemas["Failure"]["properties"]["error"]["properties"]
        self.error_codes = tuple(failure["code"]["enum"])
        self.enum_names = name_enums(document)
        self.shapes = {name: schema for name, schema in self.schemas.items() if name != "Failure"}
        self.sent, self.received = set(), set()
        self.members = {}
        self.methods = [self.method(entry) for entry in document["methods"]]
        # What is named and never used would be dead code.
        used = sorted(self.sent | self.received)
        self.structs = [
            Struct(name, self.members[name], name in self.sent, name in self.received) for name in used
        ]
        self.enums = [Enum("ErrorCode", self.error_codes)] + [
            Enum(name, values) for values, name in sorted(self.enum_names.items(), key=lambda entry: entry[1])
        ]
        self.root = Group("", ())
        for method in self.methods:
            self.place(method)

    def method(self, entry):
        name = entry["name"]
        where = pascal(name)
        progress = entry.get("x-progress")
        route = entry.get("x-route", {})
        media_type = entry.get("x-media-type")
        streams = progress is not None
        return Method(
            name, entry["summary"], entry["description"],
            tuple(
                Member(
                    param["name"], self.type(param["schema"], where + pascal(param["name"]), self.sent),
                    param["summary"], param["required"])
                for param in entry["params"]),
            self.result(entry["result"]["schema"], where + "Result"),
            self.type(progress, where + "Progress", self.received) if streams else None,
            entry["x-mutates"], entry["x-idempotent"],
            route["path"] if streams and route.get("verb") == "GET" and not media_type else None,
            streams and media_type is not None)

    def result(self, schema, where):
        if schema.get("type") == "object" and not schema.get("properties") and schema.get("additionalProperties") is False:
            return Type("nothing")
        if list(schema.get("properties", {})) == ["items", "nextCursor"]:
            return Type("page", inner=self.type(schema["properties"]["items"]["items"], where, self.received))
        return self.type(schema, where, self.received)

    def type(self, schema, where, used):
        """The type of a schema; an object without a name is called `where`."""
        if "$ref" in schema:
            return self.struct(schema["$ref"].rsplit("/", 1)[1], used)
        if "enum" in schema:
            return Type("enum", self.enum_names[tuple(schema["enum"])])
        if "anyOf" in schema:
            inner, null = schema["anyOf"]
            assert null == {"type": "null"}, schema
            return Type("nullable", inner=self.type(inner, where, used))
        match schema.get("type"):
            case None:
                return Type("any")
            case "array":
                return Type("list", inner=self.type(schema["items"], where, used))
            case "object" if "properties" in schema:
                self.shapes[where] = schema
                return self.struct(where, used)
            case "string" if schema.get("format") == "secret" and used is self.received:
                return Type("secret")
            case "string" | "integer" | "number" | "boolean" | "object" as kind:
                return Type(kind)
        raise ValueError(f"no type for {schema}")

    def struct(self, name, used):
        if name not in used:
            used.add(name)
            schema = self.shapes[name]
            self.members[name] = tuple(
                Member(
                    member, self.type(described, name + pascal(member), used),
                    described.get("description", ""), member in schema.get("required", []))
                for member, described in schema.get("properties", {}).items())
        return Type("struct", name)

    def place(self, method):
        *path, last = method.name.split(".")
        group = self.root
        for depth, part in enumerate(path):
            assert part not in group.methods, method.name
            group = group.groups.setdefault(part, Group(part, tuple(path[: depth + 1])))
        assert last not in group.groups, method.name
        group.methods[last] = method


def name_enums(document):
    """Names for sets of strings, by where they stand: the document itself has none for them.

    `Role`, where several objects call one set so and no other set is called so; else the object and
    its member; else the service, or the method, and its param.
    """
    places = {}

    def visit(schema, owner, service, member):
        if "enum" in schema:
            places.setdefault(tuple(schema["enum"]), []).append((owner, service, member))
        for name, inner in schema.get("properties", {}).items():
            visit(inner, owner, service, name)
        for inner in [schema.get("items"), *schema.get("anyOf", [])]:
            if inner:
                visit(inner, owner, service, member)

    for name, schema in document["components"]["schemas"].items():
        if name != "Failure":
            visit(schema, name, None, "")
    for entry in document["methods"]:
        owner = pascal(entry["name"])
        service = pascal(entry["name"].split(".")[0])
        for param in entry["params"]:
            visit(param["schema"], owner, service, param["name"])
        visit(entry["result"]["schema"], owner, service, "Result")

    called = {}
    for values, found in places.items():
        for _, _, member in found:
            called.setdefault(member, set()).add(values)
    names = {}
    for values, found in places.items():
        objects = sorted((place for place in found if place[1] is None), key=lambda place: (len(place[0]), place[0]))
        members = {member for _, _, member in found}
        services = {service for _, service, _ in found}
        owner, _, member = objects[0] if objects else found[0]
        is_shared = len(objects) > 1 or not objects and len(services) > 1
        if is_shared and len(members) == 1 and called[member] == {values}:
            names[values] = pascal(member)
        elif not objects and len(found) > 1 and len(services) == 1 and len(members) == 1:
            names[values] = found[0][1] + pascal(member)
        else:
            names[values] = owner + pascal(member)
    assert len(set(names.values())) == len(names), names
    return names


def words(text):
    """`billing.setAutoRecharge` as `billing set auto recharge`."""
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", parts) if word]


def pascal(text):
    return "".join(word[0].upper() + word[1:] for word in words(text))


def camel(text):
    name = pascal(text)
    return name[:1].lower() + name[1:]


def snake(text):
    return "_".join(words(text))


def wrapped(text, prefix, width=110):
    """A comment's lines."""
    lines, line = [], prefix
    for word in text.split():
        if len(line) + 1 + len(word) > width and line != prefix:
            lines.append(line)
            line = prefix
        line += " " + word
    return lines + [line]

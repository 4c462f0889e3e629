"""openapi-spec-validator and openrpc: the documents are what they say they are."""

import json
import sys
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator
from openrpc import OpenRPC

base = f"http://{sys.argv[1]}/api/v1"


def get(path):
    with urllib.request.urlopen(base + path) as answer:
        return json.load(answer)


openapi = get("/openapi.json")
assert openapi["openapi"].startswith("3.1")
OpenAPIV31SpecValidator(openapi).validate()
discover = urllib.request.Request(
    base + "/rpc", json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}).encode(), {"Content-Type": "application/json"})
with urllib.request.urlopen(discover) as answer:
    discovered = json.load(answer)["result"]
assert discovered == get("/openrpc.json")
document = OpenRPC(**discovered)
assert len(document.methods) > 20
assert {method.name for method in document.methods} >= {"rpc.discover", "workspaces.get"}

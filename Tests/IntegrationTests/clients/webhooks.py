"""standardwebhooks: verifies what a hook of the simulator has received, and that nothing forged passes."""

import json
import sys
import urllib.request

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

simulator, hook = sys.argv[1:3]
secrets = sys.argv[3:]


def is_signed(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


with urllib.request.urlopen(f"http://{simulator}/control/hooks/{hook}?limit=10000") as answer:
    deliveries = json.load(answer)["deliveries"]
for delivery in deliveries:
    headers = dict(delivery["headers"])
    body = delivery["body"]
    signed = [is_signed(secret, body, headers) for secret in secrets]
    event = json.loads(body)
    assert any(signed), headers
    assert not is_signed(secrets[0], body + " ", headers)
    for name in ("webhook-id", "webhook-timestamp"):
        assert not is_signed(secrets[0], body, {**headers, name: headers[name] + "0"}), name
    # Number of the signatures, which secrets fit, id, type.
    print(
        len(headers["webhook-signature"].split()),
        "".join("y" if fits else "n" for fits in signed),
        headers["webhook-id"],
        event["type"],
    )

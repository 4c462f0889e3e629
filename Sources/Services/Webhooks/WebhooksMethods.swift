import Egress
import Identifiers
import RPC

/// Endpoints that are told what happens, by Standard Webhooks.
struct Webhooks: Sendable {
    let platform: Platform

    private static let workspaceExample = #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10"}"#
    private static let example =
        #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","webhookId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#

    var methods: [Method] { endpointMethods + deliveryMethods }

    private var endpointMethods: [Method] {
        [
            Method(
                "webhooks.create",
                "Has an endpoint told of events. Its signing secret is in this answer and nowhere else.",
                role: .admin, mutates: true, creates: true, sensitive: true,
                route: .post("/workspaces/{workspaceId}/webhooks"),
                params: Params(.workspace, .webhookURL(platform.webhookPolicy), .webhookEvents),
                result: NewWebhook.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","url":"https://hooks.example.org/rpcd","events":["job.completed","credits.low"]}"#,
                    gives: #"{"url":"https://hooks.example.org/rpcd","enabled":true}"#),
                run: platform.transaction(create)),
            Method(
                "webhooks.list", "Lists the webhooks of a workspace, oldest first.", role: .admin,
                sensitive: true, route: .get("/workspaces/{workspaceId}/webhooks"),
                params: Params(.workspace, .limit, .optional(.cursor)), result: Webhook.shape.page,
                example: Example(Webhooks.workspaceExample, gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "webhooks.update",
                "Changes what is given and leaves the rest. Enabled again, it gets what waits for it; of what happened meanwhile it is not told.",
                role: .admin, mutates: true, sensitive: true,
                route: .patch("/workspaces/{workspaceId}/webhooks/{webhookId}"),
                params: Params(
                    .workspace, .webhook, .optional(.webhookURL(platform.webhookPolicy)),
                    .optional(.webhookEvents), .optional(.boolean("enabled", "Whether anything is sent.")),
                    .optional(.ifVersion)), result: Webhook.shape,
                example: Example(Webhooks.example, gives: #"{"enabled":true}"#),
                run: platform.transaction(update)),
            Method(
                "webhooks.delete", "Deletes a webhook and its deliveries.", role: .admin, mutates: true,
                route: .delete("/workspaces/{workspaceId}/webhooks/{webhookId}"),
                params: Params(.workspace, .webhook), result: .done,
                example: Example(Webhooks.example, gives: "{}"), run: platform.transaction(delete)),
            Method(
                "webhooks.rotateSecret",
                "Gives a webhook a new signing secret, shown once. For 24 hours messages are signed with the one before, too.",
                role: .admin, mutates: true, sensitive: true,
                route: .post("/workspaces/{workspaceId}/webhooks/{webhookId}/rotate-secret"),
                params: Params(.workspace, .webhook, .optional(.ifVersion)), result: NewWebhook.shape,
                example: Example(Webhooks.example, gives: #"{"version":2}"#),
                run: platform.transaction(rotate)),
        ]
    }

    private var deliveryMethods: [Method] {
        [
            Method(
                "webhooks.test",
                "Sends a webhook, enabled or not, an event `webhook.test` now, once, and tells what came back.",
                role: .admin, mutates: true,
                route: .post("/workspaces/{workspaceId}/webhooks/{webhookId}/test"),
                params: Params(.workspace, .webhook), result: WebhookTest.shape,
                example: Example(Webhooks.example, gives: #"{"delivered":false,"status":null}"#),
                run: platform.steps(test)),
            Method(
                "webhooks.deliveries", "Lists what a webhook was told in the last 30 days, newest first.",
                role: .admin, route: .get("/workspaces/{workspaceId}/webhooks/{webhookId}/deliveries"),
                params: Params(
                    .workspace, .webhook,
                    .optional(
                        .choice(
                            "status", WebhookDelivery.Status.allCases.map(\.rawValue), "Only these.")),
                    .limit, .optional(.cursor)), result: WebhookDelivery.shape.page,
                example: Example(Webhooks.example, gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.list(deliveries)),
            Method(
                "webhooks.redeliver",
                "Has an event sent again, under its message id, with all attempts before it. Whether it had been delivered does not matter.",
                role: .admin, mutates: true,
                route: .post("/workspaces/{workspaceId}/webhooks/deliveries/{deliveryId}/redeliver"),
                params: Params(.workspace, .uuid("deliveryId", "The delivery.")),
                result: WebhookDelivery.shape,
                example: Example(
                    #"{"workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10","deliveryId":"0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55"}"#,
                    gives: #"{"status":"pending","attempts":0}"#), run: platform.transaction(redeliver)),
        ]
    }
}

extension Param where Value == UUID {
    static let webhook = uuid("webhookId", "The webhook.")
}

extension Param where Value == HTTPURL {
    /// One that may be called, as far as it tells by itself.
    static func webhookURL(_ policy: EgressPolicy) -> Param {
        let length = 1...2048
        return Param("url", .string(length: length, format: "uri"), "Where messages go; https.") { json in
            checkedText(json, length).flatMap { text in
                do throws(HTTPFailure) {
                    let url = try HTTPURL(text)
                    // libcurl may write it longer than it was.
                    guard url.text.utf8.count <= length.upperBound else {
                        return .failure(Misfit(.length, "is too long"))
                    }
                    guard let refusal = policy.refusal(of: url) else { return .success(url) }
                    return .failure(Misfit(.format, "must not be called: \(refusal)"))
                } catch {
                    return .failure(Misfit(.format, "has to be as https://example.org/hook: \(error)"))
                }
            }
        }
    }
}

extension Param where Value == [String] {
    static let webhookEvents = list(
        "events", 1...50, of: .choice("event", EventType.choices, "An event."),
        "Which events; `*` is every one.")
}

import JSON
import RPC

/// How far a long piece of work is, as its caller is told.
struct WorkProgress {
    var checked: Int64?
    var total: Int64?
    var waiting: Int64?

    static let schema = Schema.object(
        name: "WorkProgress",
        [
            Schema.Member("checked", count, "What is done.", isRequired: false),
            Schema.Member("total", count, "How much there is, where that is known.", isRequired: false),
            Schema.Member(
                "waiting", count, "Changes that have to arrive before the work begins.", isRequired: false),
        ], open: false)

    private static let count = Schema.integer(Int64.min...Int64.max)

    var json: [UInt8] {
        JSONWriter.object { writer in
            let members: KeyValuePairs = ["checked": checked, "total": total, "waiting": waiting]
            for (name, value) in members {
                guard let value else { continue }
                writer.key(name)
                writer.int(value)
            }
        }
    }
}

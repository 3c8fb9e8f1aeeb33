package import AirlockModel
package import AirlockPorts
import Synchronization

/// How servers of metrics let Airlock in; none of it is in git.
package struct MetricsAccess: Sendable {
    /// Where the token may be sent and how it is read anew, so that it can be rotated; nil for none.
    ///
    /// Git names the server, so the token is bound to one: a commit cannot send it elsewhere.
    package var token: (server: HTTPAddress, read: @Sendable () throws -> String)?
    /// Whether plain http may leave this machine.
    package var allowsInsecure = false
    /// Longest time for one question.
    package var limit = Duration.seconds(5)

    package init() {}
}

/// Every server with Prometheus's HTTP API that environments name.
package final class PrometheusServers: SignalServers {
    private let access: MetricsAccess
    private let now: @Sendable () -> Timestamp
    private let gates = Mutex<[HTTPAddress: ServerGate]>([:])

    package init(access: MetricsAccess, now: @escaping @Sendable () -> Timestamp) {
        self.access = access
        self.now = now
    }

    package func source(
        at server: MetricsServer, asking queries: SignalQueries?
    ) -> any SignalSource {
        let gate = gates.withLock { gates in
            if let gate = gates[server.address] { return gate }
            let gate = ServerGate()
            gates[server.address] = gate
            return gate
        }
        return PrometheusSource(
            server: server, queries: queries, access: access, gate: gate, now: now)
    }
}

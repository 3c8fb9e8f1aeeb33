package import AirlockAnalysis

/// How things behave in the simulator: the decoded `simulation.yaml`.
package struct SimulationSpec: Hashable, Sendable, Codable {
    /// By artifact digest; an artifact that is not named is healthy.
    package var artifacts: [Digest: ArtifactBehaviour]
    /// Requests a second that arrive at a service, in thousandths.
    package var traffic: [UnitName: Int]
    /// The current version of each secret.
    package var secrets: [SecretName: String]

    package init(
        artifacts: [Digest: ArtifactBehaviour] = [:], traffic: [UnitName: Int] = [:],
        secrets: [SecretName: String] = [:]
    ) {
        self.artifacts = artifacts
        self.traffic = traffic
        self.secrets = secrets
    }
}

/// How the instances of one artifact behave; the defaults are those of a healthy service.
package struct ArtifactBehaviour: Hashable, Sendable, Codable {
    /// From start to healthy; nil for "never becomes healthy".
    package var startup: Duration?
    package var errorRate: Share
    package var latencyP99: Duration
    /// Use of the slot's CPU limit at its traffic.
    package var cpu: Share
    /// Requests a second that use the CPU limit of one instance up, in thousandths; nil when the use
    /// does not depend on them, and is ``cpu``.
    package var milliCapacity: Int?
    /// Memory of one instance after start, in bytes.
    package var memoryBytes: Int
    /// Growth of memory per minute, in bytes; an instance over its limit is killed and starts again.
    package var leakBytesPerMinute: Int
    /// Each instance fails this long after it became healthy, and starts again.
    package var crashAfter: Duration?
    /// From this age of the slot on, its error rate is `poisonErrorRate`.
    package var poisonAfter: Duration?
    package var poisonErrorRate: Share
    /// What its test job does; nil for one that passes after a second.
    package var verify: VerifyBehaviour?
    /// How an idle slot answers preview checks; nil for rightly.
    package var preview: Preview?
    /// Where the slot really listens, on this machine; nil for nowhere.
    package var endpoint: HTTPAddress?
    /// The service's own signals, sorted by name; nil for none.
    package var signals: [NamedCourse]?

    /// How preview checks are answered.
    package enum Preview: String, Hashable, Sendable, Codable, CaseIterable {
        case passes
        /// With the status 500.
        case fails
        /// Not at all.
        case silent
    }

    package init(
        startup: Duration? = .seconds(1), errorRate: Share = Share(basisPoints: 0),
        latencyP99: Duration = .milliseconds(50), cpu: Share = Share(basisPoints: 2_000),
        memoryBytes: Int = 64 << 20, leakBytesPerMinute: Int = 0, crashAfter: Duration? = nil,
        poisonAfter: Duration? = nil, poisonErrorRate: Share = Share(basisPoints: 5_000),
        milliCapacity: Int? = nil, verify: VerifyBehaviour? = nil
    ) {
        self.verify = verify
        self.milliCapacity = milliCapacity
        self.startup = startup
        self.errorRate = errorRate
        self.latencyP99 = latencyP99
        self.cpu = cpu
        self.memoryBytes = memoryBytes
        self.leakBytesPerMinute = leakBytesPerMinute
        self.crashAfter = crashAfter
        self.poisonAfter = poisonAfter
        self.poisonErrorRate = poisonErrorRate
    }
}

/// How a signal of the service's own goes in the simulator: a line over the age of the slot.
package struct NamedCourse: Hashable, Sendable, Codable {
    package let signal: SignalName
    /// When the slot is started.
    package let value: SignalValue
    /// What each minute adds.
    package let perMinute: SignalValue

    package init(
        _ signal: SignalName, value: SignalValue,
        perMinute: SignalValue = SignalValue(millionths: 0)
    ) {
        self.signal = signal
        self.value = value
        self.perMinute = perMinute
    }

    /// Its value in a slot of that age.
    package func reading(after age: Duration) -> NamedReading {
        let grown = Int128(perMinute.millionths) * Int128(age.milliseconds) / 60_000
        let now = SignalValue(millionths: Int64(clamping: Int128(value.millionths) + grown))
        return NamedReading(signal, lowest: now, highest: now)
    }
}

/// What the test job of one artifact does.
package struct VerifyBehaviour: Hashable, Sendable, Codable {
    package let takes: Duration
    package let outcome: Outcome

    package init(takes: Duration = .seconds(1), outcome: Outcome = .passed) {
        self.takes = takes
        self.outcome = outcome
    }

    /// How it ends.
    package enum Outcome: String, Hashable, Sendable, Codable, CaseIterable {
        case passed
        case failed
        /// It goes on until it is ended.
        case never
    }
}

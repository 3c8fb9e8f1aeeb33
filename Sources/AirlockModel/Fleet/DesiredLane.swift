/// What one lane shall run, as one commit says it.
package struct DesiredLane: Hashable, Sendable {
    package let lane: LaneID
    package var owner: String?
    /// The name under which services move together; nil for one that moves alone.
    package var group: UnitName?
    package var release: Release
    package var template: Template
    /// How its signals are asked for; nil where the service does not say.
    package var signals: SignalQueries?
    /// The test job of the service, which environments of the tier `testing` run; nil for none.
    package var verify: VerifyJob?
    /// The objects that this value was read from, by path: the exact closure of what decides it.
    package var readSet: [String: ObjectID]
    /// The commit on the branch's first-parent line that last changed the read set.
    package var cause: CommitID?

    package init(
        lane: LaneID, owner: String? = nil, group: UnitName? = nil, release: Release,
        template: Template, signals: SignalQueries? = nil, verify: VerifyJob? = nil,
        readSet: [String: ObjectID] = [:], cause: CommitID? = nil
    ) {
        self.lane = lane
        self.owner = owner
        self.group = group
        self.release = release
        self.template = template
        self.signals = signals
        self.verify = verify
        self.readSet = readSet
        self.cause = cause
    }

    /// The build that it asks for.
    package var build: BuildID { BuildID(of: release.artifact, template) }

    /// Secrets that the release names, sorted.
    package var secrets: [SecretName] {
        release.config.values.compactMap { value in
            if case .secret(let name) = value { name } else { nil }
        }.sorted()
    }

    /// The slot that shall run when the secrets have these versions; nil when one is unknown.
    package func slot(secrets versions: [SecretName: String]) -> SlotSpec? {
        var config: [String: ConfigValue] = [:]
        for (key, value) in release.config {
            switch value {
            case .plain(let text): config[key] = .plain(text)
            case .secret(let name):
                guard let version = versions[name] else { return nil }
                config[key] = .secret(name, version: version)
            }
        }
        return SlotSpec(artifact: release.artifact, config: config, template: template)
    }

    /// Whether it asks for the slot that a change brings, in whatever versions of its secrets.
    ///
    /// Asked at every look at a rollout, so the parts are compared and no id is computed; byte by byte, as an id
    /// has them, and not as texts that read the same.
    package func asks(for change: Change) -> Bool {
        guard case .slot(let wanted, _, _) = change.target else { return false }
        return wanted.artifact.digest == release.artifact.digest && wanted.template == template
            && (wanted.template.health?.path ?? "").isSpelled(like: template.health?.path ?? "")
            && wanted.config.count == release.config.count
            && wanted.config.allSatisfy { key, value in
                guard let place = release.config.index(forKey: key) else { return false }
                let own = release.config[place]
                guard own.key.isSpelled(like: key) else { return false }
                switch (own.value, value) {
                case (.plain(let one), .plain(let other)): return one.isSpelled(like: other)
                case (.secret(let one), .secret(let other, _)): return one == other
                case (.plain, .secret), (.secret, .plain): return false
                }
            }
    }
}

extension String {
    /// Whether it has the same bytes.
    fileprivate func isSpelled(like other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}

/// What one service shall be in one environment.
package struct Release: Hashable, Sendable {
    package var artifact: ArtifactReference
    /// What people call the artifact; decides nothing.
    package var version: String?
    package var replicas: Replicas
    package var config: [String: DesiredConfigValue]
    package var strategy: Strategy
    /// The state of the rollout that git asks for; decides nothing of what the release is.
    package var rollout: RolloutWish
    /// How the lane is watched after a change; nil for what is usual in its tier.
    package var watch: WatchPlan?

    package init(
        artifact: ArtifactReference, version: String? = nil, replicas: Replicas,
        config: [String: DesiredConfigValue] = [:], strategy: Strategy = .allAtOnce(),
        rollout: RolloutWish = .proceed, watch: WatchPlan? = nil
    ) {
        self.artifact = artifact
        self.version = version
        self.replicas = replicas
        self.config = config
        self.strategy = strategy
        self.rollout = rollout
        self.watch = watch
    }
}

/// One value of a release's configuration as git says it: the version of a secret is a fact, not a wish.
package enum DesiredConfigValue: Hashable, Sendable {
    case plain(String)
    case secret(SecretName)
}

import AirlockModel

/// Turns a `simulation.yaml` that has its shape into its value.
enum SimulationReader {
    static func simulation(_ root: Document.Value) throws(Problem) -> SimulationSpec {
        var spec = SimulationSpec()
        for pair in root["artifacts"]?.pairs ?? [] {
            let digest = try DocumentReader.need(
                Quantity.digest(pair.key), pair.key, pair.value)
            spec.artifacts[digest] = try behaviour(pair.value)
        }
        for pair in root["traffic"]?.pairs ?? [] {
            let name = try DocumentReader.need(UnitName(pair.key), pair.key, pair.value)
            spec.traffic[name] = try DocumentReader.need(
                pair.value.text.flatMap(Quantity.milliRate), pair.key, pair.value)
        }
        for pair in root["secrets"]?.pairs ?? [] {
            let name = try DocumentReader.need(SecretName(pair.key), pair.key, pair.value)
            spec.secrets[name] = pair.value.text
        }
        return spec
    }

    private static func behaviour(_ value: Document.Value) throws(Problem) -> ArtifactBehaviour {
        var behaviour = ArtifactBehaviour()
        if value["startup"]?.text == "never" {
            behaviour.startup = nil
        } else if let startup = try read(Quantity.duration, "startup", of: value) {
            behaviour.startup = startup
        }
        if let share = try read(Quantity.share, "errorRate", of: value) {
            behaviour.errorRate = share
        }
        if let latency = try read(Quantity.duration, "latencyP99", of: value) {
            behaviour.latencyP99 = latency
        }
        if let cpu = try read(Quantity.share, "cpu", of: value) { behaviour.cpu = cpu }
        behaviour.milliCapacity = try read(Quantity.milliRate, "capacity", of: value)
        if let memory = try read(Quantity.memoryBytes, "memory", of: value) {
            behaviour.memoryBytes = memory
        }
        if let leak = try read(Quantity.growthPerMinute, "leak", of: value) {
            behaviour.leakBytesPerMinute = leak
        }
        if let crash = value["crash"] {
            behaviour.crashAfter = try read(Quantity.duration, "after", of: crash)
        }
        if let poison = value["poison"] {
            behaviour.poisonAfter = try read(Quantity.duration, "after", of: poison)
            if let share = try read(Quantity.share, "errorRate", of: poison) {
                behaviour.poisonErrorRate = share
            }
        }
        if let verify = value["verify"] {
            behaviour.verify = VerifyBehaviour(
                takes: try read(Quantity.duration, "takes", of: verify) ?? .seconds(1),
                outcome: try read(VerifyBehaviour.Outcome.init, "outcome", of: verify) ?? .passed)
        }
        behaviour.preview = try read(
            ArtifactBehaviour.Preview.init(rawValue:), "preview", of: value)
        behaviour.signals = try SignalsReader.courses(of: value["signals"])
        behaviour.endpoint = try read(HTTPAddress.init, "endpoint", of: value)
        guard behaviour.endpoint?.isLoopback != false else {
            throw Problem(
                value["endpoint"]?.place ?? value.place,
                "a simulated slot is reached on this machine only",
                "write http://127.0.0.1:8080, or remove it")
        }
        return behaviour
    }

    private static func read<Result>(
        _ parse: (String) -> Result?, _ key: String, of value: Document.Value
    ) throws(Problem) -> Result? {
        try DocumentReader.read(parse, key, of: value)
    }
}

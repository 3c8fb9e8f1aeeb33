import AirlockModel
import AirlockPorts
import AirlockSimulator

/// Asks the world for its own slots, and over HTTP for those of which it says where they really listen.
struct PreviewProber: Prober {
    let world: SimulatedProvider
    let web: any Prober

    func answer(to probe: Probe) async -> ProbeAnswer {
        SimulatedProvider.isSimulated(probe.endpoint)
            ? await world.answer(to: probe) : await web.answer(to: probe)
    }
}

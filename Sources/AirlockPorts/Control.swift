package import AirlockModel

/// What answers control requests: the engine, behind the control socket or called directly.
package protocol ControlHandler: Sendable {
    /// Carries out a request once; never throws, so that every request has an answer.
    func handle(_ request: ControlRequest, from peer: ControlPeer) async -> ControlAnswer
}

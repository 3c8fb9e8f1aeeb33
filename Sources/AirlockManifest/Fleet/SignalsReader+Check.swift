import AirlockModel

extension SignalsReader {
    /// Refuses what a server would answer and what would judge nothing: the same series whichever slot is
    /// meant, and differences of what is a difference already.
    static func check(
        _ query: SignalQuery, _ signal: SignalQueries.Signal, _ place: Document.Place
    ) throws(Problem) {
        let name = signal.rawValue
        let slots = [SignalQuery.Piece.variable(.slot), .variable(.shortSlot)]
        guard query.pieces.contains(where: slots.contains) else {
            throw Problem(
                place, "`\(name)` asks for the same series whichever slot is meant",
                "select by the slot, such as x{slot=\"$slot\"} or x{slot=\"$shortSlot\"}")
        }
        guard signal.isCumulative, let call = query.firstCall(among: differences) else { return }
        throw Problem(
            place, "`\(name)` is a counter, and `\(call)` makes differences of it",
            "write the counter as it is, such as x{slot=\"$slot\"}, or bound it by "
                + "last_over_time(x{slot=\"$slot\"}[$window]): the differences are taken here")
    }

    /// Functions of PromQL that give differences or rates.
    private static let differences = ["rate", "irate", "increase", "delta", "idelta", "deriv"]
}

extension SignalQuery {
    /// The first of `functions` that is called outside of quotes; nil for none.
    fileprivate func firstCall(among functions: [String]) -> String? {
        var name = ""
        // A call may have a space before its parenthesis; what comes after a space else is another word.
        var isEnded = false
        var quote: Character?
        var isEscaped = false
        for character in text {
            if let open = quote {
                if isEscaped {
                    isEscaped = false
                } else if character == "\\", open != "`" {
                    isEscaped = true
                } else if character == open {
                    quote = nil
                }
            } else if character.isLetter || character.isNumber || "_:".contains(character) {
                name = isEnded ? String(character) : name + String(character)
                isEnded = false
            } else if character == "(", functions.contains(name.lowercased()) {
                return name
            } else if character.isWhitespace {
                isEnded = true
            } else {
                name = ""
                if "\"'`".contains(character) { quote = character }
            }
        }
        return nil
    }
}

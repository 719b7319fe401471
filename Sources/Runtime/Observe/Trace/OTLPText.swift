/// Spans as an OTLP/HTTP request body in JSON. Ids are hex and 64-bit numbers are text, as that protocol wants them.
struct OTLPText {
    let service: String
    let version: String
    let secrets: Redactor

    private static let valueLimit = 2048

    func body(_ spans: [FinishedSpan]) -> [UInt8] {
        var text = LineText(capacity: 512 * spans.count + 256)
        text.put("{\"resourceSpans\":[{\"resource\":{\"attributes\":")
        put(["service.name": .text(service), "service.version": .text(version)], &text)
        text.put("},\"scopeSpans\":[{\"scope\":{\"name\":")
        text.putJSON(service.utf8)
        text.put("},\"spans\":[")
        for (place, span) in spans.enumerated() {
            if place > 0 { text.put(",") }
            put(span, &text)
        }
        text.put("]}]}]}")
        return text.bytes
    }

    private func put(_ span: FinishedSpan, _ text: inout LineText) {
        text.put("{\"traceId\":\"")
        text.put(plain: span.context.trace.description)
        text.put("\",\"spanId\":\"")
        text.put(plain: span.context.span.description)
        if let parent = span.parent {
            text.put("\",\"parentSpanId\":\"")
            text.put(plain: parent.description)
        }
        text.put("\",\"name\":")
        text.putJSON(clean(span.name))
        text.put(",\"kind\":")
        text.put(span.kind.rawValue)
        text.put(",\"startTimeUnixNano\":\"")
        text.put(span.beginning)
        text.put("\",\"endTimeUnixNano\":\"")
        text.put(span.end)
        text.put("\",\"attributes\":")
        put(span.attributes, &text)
        text.put(",\"droppedAttributesCount\":")
        text.put(span.droppedAttributes)
        text.put(",\"events\":[")
        for (place, event) in span.events.enumerated() {
            if place > 0 { text.put(",") }
            text.put("{\"timeUnixNano\":\"")
            text.put(event.time)
            text.put("\",\"name\":")
            text.putJSON(clean(event.name))
            text.put(",\"attributes\":")
            put(event.attributes, &text)
            text.put("}")
        }
        text.put("],\"droppedEventsCount\":")
        text.put(span.droppedEvents)
        put(span.status, &text)
        text.put("}")
    }

    private func put(_ status: TraceSpan.Status, _ text: inout LineText) {
        switch status {
        case .unset: text.put(",\"status\":{}")
        case .ok: text.put(",\"status\":{\"code\":1}")
        case .error(let message):
            text.put(",\"status\":{\"code\":2,\"message\":")
            text.putJSON(clean(message))
            text.put("}")
        }
    }

    private func put(_ attributes: LogFields, _ text: inout LineText) {
        text.put("[")
        for (place, pair) in attributes.pairs.enumerated() {
            if place > 0 { text.put(",") }
            text.put("{\"key\":")
            text.putJSON(clean(pair.key))
            text.put(",\"value\":{")
            let isHidden = SensitiveName.matches(pair.key.utf8) && !pair.value.isFlag
            put(isHidden ? .text(Redactor.mark) : pair.value, &text)
            text.put("}}")
        }
        text.put("]")
    }

    private func put(_ value: LogValue, _ text: inout LineText) {
        switch value {
        case .text: text.put("\"stringValue\":")
        case .integer(let integer):
            text.put("\"intValue\":\"")
            text.put(integer)
            return text.put("\"")
        case .number: text.put("\"doubleValue\":")
        case .flag: text.put("\"boolValue\":")
        }
        text.putJSON(value, text: clean)
    }

    private func clean(_ text: String) -> [UInt8] { secrets.cleanBytes(text, limit: OTLPText.valueLimit) }
}

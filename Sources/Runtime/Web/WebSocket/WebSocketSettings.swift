/// The bounds of one WebSocket. Each says what happens when it is met.
public struct WebSocketSettings: Sendable {
    /// A larger message ends the connection with 1009 as soon as a frame announces it.
    public var message = 1 << 20
    /// A message in more frames ends the connection with 1008.
    public var fragments = 1 << 16
    /// At this many bytes or messages that nobody has read, reading pauses until half of them are.
    public var unreadBytes = 1 << 20
    public var unreadMessages = 256
    /// At this many bytes that the peer has not taken, `send` waits and `sendNow` refuses; the largest fragment may
    /// come on top. Not less than the 16 KB below which transports say that there is room.
    public var unsent = 256 << 10
    /// Larger messages leave in fragments of this size, so that a pong need not wait for all of a message.
    public var fragment = 64 << 10
    /// A peer that takes nothing while somebody waits in `send` is given up after this, with 1008.
    public var stall = Duration.seconds(60)
    /// A peer silent for this long is asked with a ping; nil asks never.
    public var pingPeriod: Duration? = .seconds(30)
    /// A peer that does not answer the ping within this is gone.
    public var pongPatience = Duration.seconds(20)
    /// How long the peer may take for its part of the closing.
    public var closePatience = Duration.seconds(5)

    public init() {}
}

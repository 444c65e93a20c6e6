package io.taffrail.service.rpc;

/// What one client may ask of a server. Sizes in bytes, times in milliseconds.
///
/// @param messageBytes largest message; refused by its length field, before a byte of it is kept
/// @param partialMessageMillis how long a message may take to arrive once it began: a slow sender holds memory
/// @param headerBytes largest header list of a call
/// @param callsPerConnection calls that may be open at once on a connection
/// @param idleMillis a connection without a call is told to go away after this
/// @param pingMillis how often a connection that has calls is pinged, so that half-open ones are found
/// @param pingsPerWindow pings a client may send in `PING_WINDOW_MILLIS`
/// @param streamWindowBytes largest HTTP/2 flow control window of one call
/// @param connectionWindowBytes largest HTTP/2 flow control window of all calls of a connection
/// @param windowUpdateRatio a window is opened anew when so much of it or less is left
/// @param windowsBytes of all connections, as far as it goes ([WindowBudget])
/// @param frameBytes largest DATA frame that clients may send: the whole of one is gathered before it is looked at, in
/// memory that is copied while it grows
/// @param inFlightBytes messages of one connection that were taken and not answered
/// @param inFlightCount the same, by number
/// @param memoryBytes the same, of all connections, half-received messages included
/// @param answersBytes answers of all connections that have not left ([AnswerBudget])
/// @param unreadMillis while answers that have not left keep others from being answered, a call is ended that nothing
/// left of for so long
public record RpcLimits(
        int messageBytes,
        long partialMessageMillis,
        int headerBytes,
        int callsPerConnection,
        long idleMillis,
        long pingMillis,
        int pingsPerWindow,
        int streamWindowBytes,
        int connectionWindowBytes,
        float windowUpdateRatio,
        long windowsBytes,
        int frameBytes,
        long inFlightBytes,
        int inFlightCount,
        long memoryBytes,
        long answersBytes,
        long unreadMillis) {
    static final long PING_WINDOW_MILLIS = 10_000;

    // What there is no setting for.
    public static final int PINGS_PER_WINDOW = 200;
    public static final int STREAM_WINDOW_BYTES = 1 << 20;
    public static final int CONNECTION_WINDOW_BYTES = 8 << 20;
    public static final float WINDOW_UPDATE_RATIO = 0.5f;
    public static final int FRAME_BYTES = 32 << 10;
    public static final long UNREAD_MILLIS = 10_000;

    /// Resets a client may send in `RESET_WINDOW_SECONDS` (rapid reset, CVE-2023-44487).
    static final int RESETS_PER_WINDOW = 1_000;

    static final int RESET_WINDOW_SECONDS = 10;

    /// Frames between replicas are limited by who sends them, and a replica that is not listened to falls behind.
    public RpcLimits forPeers() {
        return new RpcLimits(
                PEER_MESSAGE_BYTES,
                partialMessageMillis,
                headerBytes,
                callsPerConnection,
                idleMillis,
                pingMillis,
                pingsPerWindow,
                PEER_WINDOW_BYTES,
                4 * PEER_WINDOW_BYTES,
                PEER_WINDOW_UPDATE_RATIO,
                Long.MAX_VALUE,
                frameBytes,
                Long.MAX_VALUE,
                Integer.MAX_VALUE,
                Long.MAX_VALUE,
                Long.MAX_VALUE,
                unreadMillis);
    }

    private static final int PEER_MESSAGE_BYTES = 64 << 20;
    private static final int PEER_WINDOW_BYTES = 4 << 20;
    /// Every 256 KiB: on a slow link, an update is the first that the sender hears of whether anything arrives.
    private static final float PEER_WINDOW_UPDATE_RATIO = 15f / 16;
}

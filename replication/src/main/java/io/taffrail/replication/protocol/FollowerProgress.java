package io.taffrail.replication.protocol;

import java.util.UUID;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/// How a follower stands, as its leader knows it. Everything it ever acknowledged is forgotten when it joins
/// again: only what this incarnation says in this session counts (I15).
final class FollowerProgress {
    private static final long NEVER = Long.MIN_VALUE;
    /// How long the log is kept for one that lacks it and says nothing. One that stays away longer begins anew when it
    /// returns: it must not fill the disks of the others.
    private static final long PATIENCE_NANOS = 600_000_000_000L;
    /// How long it is kept for one that copies a seed, which is no use without the log behind it. One whose copy fails
    /// over and over must not fill the disks of the others either.
    private static final long SEED_PATIENCE_NANOS = 6 * PATIENCE_NANOS;

    final Member member;

    private long session;
    private long incarnation;
    private boolean acknowledgedSession;
    private LogPosition next = LogPosition.EMPTY;
    private Integrity integrity = Integrity.SUSPECT;
    private long appendedLsn;
    private long receivedLsn;
    private long flushedLsn;
    private long lastAckNanos = NEVER;
    private long joinedNanos = NEVER;
    private long echoNanos;
    private boolean inSync;
    private long readmissionLsn = -1;
    /// When it last acknowledged more, or lacked nothing. Heartbeats may get through where frames of entries do not.
    private long movedNanos;
    // The log from where the seed ends that it was offered, since it joined last
    private long seedLsn;
    private long seedSinceNanos = NEVER;
    private long seedAskedNanos = NEVER;

    FollowerProgress(Member member, long nowNanos) {
        this.member = member;
        // The promise of this epoch was the last proof that the voter listens.
        this.echoNanos = nowNanos;
        this.movedNanos = nowNanos;
    }

    void join(long nowNanos, long newSession, long newIncarnation, Integrity newIntegrity, LogPosition cut) {
        joinedNanos = nowNanos;
        seedSinceNanos = NEVER;
        session = newSession;
        incarnation = newIncarnation;
        integrity = newIntegrity;
        next = cut;
        acknowledgedSession = false;
        appendedLsn = cut.lsn();
        receivedLsn = 0;
        flushedLsn = 0;
        inSync = false;
        readmissionLsn = -1;
    }

    void offeredSeed(long nowNanos, long logStartLsn) {
        if (seedSinceNanos == NEVER || logStartLsn > seedLsn) {
            seedLsn = logStartLsn;
            seedSinceNanos = nowNanos;
        }
        seedAskedNanos = nowNanos;
    }

    void askedForSeed(long nowNanos) {
        seedAskedNanos = nowNanos;
    }

    boolean accepts(UUID storage, long fromIncarnation, Message.Acknowledge ack) {
        return session != 0
                && ack.session() == session
                && fromIncarnation == incarnation
                && storage.equals(member.storageId());
    }

    /// Whether it says that it holds what was never sent to it in this session. Whatever it is then, it is no copy.
    boolean isBeyondSent(Message.Acknowledge ack) {
        return Math.max(ack.appendedLsn(), ack.flushedLsn()) > next.lsn();
    }

    /// Ends the session: it has to join again before anything of it counts.
    void leave() {
        session = 0;
        acknowledgedSession = false;
        inSync = false;
        readmissionLsn = -1;
    }

    void acknowledge(long nowNanos, Message.Acknowledge ack) {
        acknowledgedSession = true;
        integrity = ack.integrity();
        if (ack.appendedLsn() > appendedLsn) {
            movedNanos = nowNanos;
        }
        appendedLsn = Math.max(appendedLsn, ack.appendedLsn());
        receivedLsn = Math.max(receivedLsn, ack.receivedLsn());
        flushedLsn = Math.max(flushedLsn, ack.flushedLsn());
        echoNanos = Math.max(echoNanos, ack.echoNanos());
        lastAckNanos = nowNanos;
    }

    void shipped(long toSession, LogPosition end) {
        if (toSession == session) {
            next = end;
        }
    }

    boolean wantsMore(LogPosition logEnd, long windowBytes) {
        return session != 0
                && acknowledgedSession
                && next.lsn() < logEnd.lsn()
                && next.lsn() - appendedLsn < windowBytes;
    }

    /// Decides at once on leaving, and on coming back only when it has caught up with the log's end as it was when
    /// that was decided, so that `All` never waits for one that lags.
    ///
    /// Returns whether it changed.
    boolean updateInSync(long nowNanos, long logEndLsn, long lagBytes, long syncTimeoutNanos) {
        if (appendedLsn >= logEndLsn) {
            movedNanos = nowNanos;
        }
        var sound = lastAckNanos != NEVER
                && nowNanos - movedNanos <= syncTimeoutNanos
                && nowNanos - lastAckNanos <= syncTimeoutNanos
                && logEndLsn - appendedLsn <= lagBytes
                && acknowledgedSession
                && integrity != Integrity.SUSPECT;
        if (!sound) {
            readmissionLsn = -1;
            var was = inSync;
            inSync = false;
            return was;
        }
        if (inSync) {
            return false;
        }
        if (readmissionLsn < 0) {
            readmissionLsn = logEndLsn;
        }
        inSync = appendedLsn >= readmissionLsn;
        return inSync;
    }

    CommitTracker.Copy copy() {
        return integrity == Integrity.SUSPECT || !acknowledgedSession
                ? CommitTracker.Copy.NONE
                : new CommitTracker.Copy(receivedLsn, flushedLsn, inSync);
    }

    boolean isIn(long thatSession) {
        return inSession() && session == thatSession;
    }

    boolean inSession() {
        return session != 0 && acknowledgedSession;
    }

    long session() {
        return session;
    }

    LogPosition next() {
        return next;
    }

    Integrity integrity() {
        return integrity;
    }

    long receivedLsn() {
        return receivedLsn;
    }

    long appendedLsn() {
        return appendedLsn;
    }

    long flushedLsn() {
        return flushedLsn;
    }

    long echoNanos() {
        return echoNanos;
    }

    boolean inSync() {
        return inSync;
    }

    /// Age of the newest acknowledgement; [Long#MAX_VALUE] if there was none.
    long lastAckAgeNanos(long nowNanos) {
        return lastAckNanos == NEVER ? Long.MAX_VALUE : nowNanos - lastAckNanos;
    }

    /// The log from here on is to be kept for it; [Long#MAX_VALUE]: none is.
    long neededLsn(long nowNanos, LongPredicate damaged) {
        var isHeard = isRecent(joinedNanos, nowNanos) || isRecent(lastAckNanos, nowNanos);
        // What cannot be read cannot be sent: kept for that, the log would never be trimmed.
        var needed = isHeard && !damaged.test(appendedLsn) ? appendedLsn : Long.MAX_VALUE;
        return seedSinceNanos != NEVER
                        && nowNanos - seedSinceNanos < SEED_PATIENCE_NANOS
                        && isRecent(seedAskedNanos, nowNanos)
                ? Math.min(needed, seedLsn)
                : needed;
    }

    private static boolean isRecent(long atNanos, long nowNanos) {
        return atNanos != NEVER && nowNanos - atNanos < PATIENCE_NANOS;
    }

    @Nullable
    UUID storageId() {
        return member.storageId();
    }
}

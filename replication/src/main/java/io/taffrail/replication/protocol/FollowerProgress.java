package io.taffrail.replication.protocol;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// How a follower stands, as its leader knows it. Everything it ever acknowledged is forgotten when it joins
/// again: only what this incarnation says in this session counts (I15).
final class FollowerProgress {
    private static final long NEVER = Long.MIN_VALUE;

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

    FollowerProgress(Member member, long nowNanos) {
        this.member = member;
        // The promise of this epoch was the last proof that the voter listens.
        this.echoNanos = nowNanos;
        this.movedNanos = nowNanos;
    }

    void join(long nowNanos, long newSession, long newIncarnation, Integrity newIntegrity, LogPosition cut) {
        joinedNanos = nowNanos;
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

    /// Since it joined or acknowledged anything; [Long#MAX_VALUE] if it never did.
    long lastHeardAgeNanos(long nowNanos) {
        var joinedAgo = joinedNanos == NEVER ? Long.MAX_VALUE : nowNanos - joinedNanos;
        return Math.min(joinedAgo, lastAckAgeNanos(nowNanos));
    }

    @Nullable
    UUID storageId() {
        return member.storageId();
    }
}

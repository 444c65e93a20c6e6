package io.taffrail.simulation.check;

import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.codec.ReplicaMeta;
import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.Message;
import java.util.HashMap;
import java.util.HashSet;
import org.jspecify.annotations.Nullable;

/// What a frame says of its sender's volume stands there, so that the least that a power loss may leave still holds it,
/// before the frame leaves: the incarnation, the promise (I6), the log that is called flushed (I15), and the mark of
/// whoever counts what only its memory holds (I12). And of a process whose disk has failed nothing is heard that
/// needs one (I23).
public final class SaidIsDurable {
    /// Reading a whole log takes long: what a process says of its log first is looked up, and one in so many of what
    /// its acknowledgements, and testimonies, say later.
    private static final int ACKNOWLEDGEMENTS = 512;

    private static final int TESTIMONIES = 4;

    /// The sender's volume, as it is sure to be after a power loss now.
    public interface Volume {
        /// Null: there is no `meta` that is sure to stay.
        @Nullable
        ReplicaMeta meta();

        long logEndLsn();
    }

    private final HashMap<String, Long> flushed = new HashMap<>();
    private long acknowledgements;
    private long testimonies;
    private final HashSet<String> haveTestified = new HashSet<>();

    /// `failed`: the sender has told that its storage failed. `sound`: nothing has damaged the volume.
    public void said(String process, FrameCodec.Decoded frame, boolean failed, boolean sound, Volume volume) {
        if (failed && !(frame.message() instanceof Message.TimeoutNow)) {
            throw new InvariantViolation(
                    "FailedStorageIsSilent", process + " says after its storage failed: " + frame.message());
        }
        var meta = volume.meta();
        var envelope = frame.envelope();
        if (meta == null || meta.incarnation() < envelope.incarnation()) {
            throw broken(process, frame, "incarnation " + (meta == null ? "none" : meta.incarnation()));
        }
        if (!sound) {
            return;
        }
        switch (frame.message()) {
            case Message.Promise promise -> {
                promised(process, frame, meta, promise.epoch());
                if (promise.integrity() != Integrity.SUSPECT
                        && (haveTestified.add(process) || testimonies++ % TESTIMONIES == 0)) {
                    holds(process, frame, promise.end().lsn(), volume);
                }
            }
            case Message.Acknowledge ack -> {
                promised(process, frame, meta, ack.epoch());
                if (ack.receivedLsn() > ack.flushedLsn() && !meta.hard().dirty()) {
                    throw broken(process, frame, "no mark that memory counts");
                }
                var before = flushed.get(process);
                if (before == null || (ack.flushedLsn() != before && acknowledgements++ % ACKNOWLEDGEMENTS == 0)) {
                    flushed.put(process, ack.flushedLsn());
                    holds(process, frame, ack.flushedLsn(), volume);
                }
            }
            case Message.Heartbeat heartbeat -> promised(process, frame, meta, heartbeat.epoch());
            case Message.Replicate replicate -> promised(process, frame, meta, replicate.epoch());
            case Message.Welcome welcome -> promised(process, frame, meta, welcome.epoch());
            case Message.Join join -> promised(process, frame, meta, join.epoch());
            case Message.Stale stale -> promised(process, frame, meta, stale.promisedEpoch());
            default -> {}
        }
    }

    private static void promised(String process, FrameCodec.Decoded frame, ReplicaMeta meta, long epoch) {
        if (meta.hard().promisedEpoch() < epoch) {
            throw broken(process, frame, "promise " + meta.hard().promisedEpoch());
        }
    }

    private static void holds(String process, FrameCodec.Decoded frame, long lsn, Volume volume) {
        var end = volume.logEndLsn();
        if (end < lsn) {
            throw broken(process, frame, "the log up to " + end);
        }
    }

    private static InvariantViolation broken(String process, FrameCodec.Decoded frame, String holds) {
        return new InvariantViolation(
                "SaidIsDurable",
                "%s says %s as incarnation %s, and its volume is sure to hold %s"
                        .formatted(process, frame.message(), frame.envelope().incarnation(), holds));
    }
}

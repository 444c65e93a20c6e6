package io.taffrail.simulation.fault;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.Message;
import java.nio.ByteBuffer;

/// A mistake that production code could make, made for it at its ports: the measure of what the simulation can find.
/// Production code has no switch for any of them.
public enum PlantedBug {
    NONE,
    /// The log is written and never flushed.
    LOG_IS_NOT_FLUSHED {
        @Override
        public boolean syncLies(String file) {
            return file.endsWith(".segment");
        }
    },
    /// Promises and incarnations are written and never flushed.
    PROMISES_ARE_NOT_FLUSHED {
        @Override
        public boolean syncLies(String file) {
            return file.equals("meta");
        }
    },
    /// New files are never made durable in their folder.
    DIRECTORIES_ARE_NOT_SYNCED {
        @Override
        public boolean syncLies(String file) {
            return file.equals(".");
        }
    },
    /// A follower says that it has flushed what it has only received.
    FOLLOWER_ACKNOWLEDGES_BEFORE_THE_FLUSH {
        @Override
        Message rewrite(Message message) {
            return message instanceof Message.Acknowledge ack
                    ? new Message.Acknowledge(
                            ack.epoch(),
                            ack.session(),
                            ack.integrity(),
                            ack.appendedLsn(),
                            ack.appendedLsn(),
                            ack.appendedLsn(),
                            ack.echoNanos())
                    : message;
        }
    },
    /// A follower counts as one that has received what was only sent to it.
    RECEIVED_IS_WHAT_WAS_APPENDED {
        @Override
        Message rewrite(Message message) {
            return message instanceof Message.Acknowledge ack
                    ? new Message.Acknowledge(
                            ack.epoch(),
                            ack.session(),
                            ack.integrity(),
                            ack.appendedLsn(),
                            ack.appendedLsn() + 1_000,
                            ack.flushedLsn(),
                            ack.echoNanos())
                    : message;
        }
    },
    /// A voter that may have forgotten something testifies as one that has not.
    AMNESIA_IS_IGNORED {
        @Override
        Message rewrite(Message message) {
            return switch (message) {
                case Message.Promise promise ->
                    new Message.Promise(
                            promise.epoch(),
                            Integrity.INTACT,
                            promise.end(),
                            promise.lineage(),
                            promise.quorumReceived(),
                            promise.quorumFlushed(),
                            promise.configuration(),
                            promise.previousLeader());
                default -> message;
            };
        }
    };

    /// Whether a flush of the file (`.`: of a folder) does nothing and reports success.
    public boolean syncLies(String file) {
        return false;
    }

    Message rewrite(Message message) {
        return message;
    }

    /// The frame as a replica with the bug would have sent it.
    public ByteBuffer rewrite(ByteBuffer frame) {
        if (this == NONE || FrameCodec.carriesEntries(frame)) {
            return frame;
        }
        var decoded = FrameCodec.decode(frame.duplicate());
        Envelope envelope = decoded.envelope();
        var rewritten = rewrite(decoded.message());
        return rewritten.equals(decoded.message()) ? frame : FrameCodec.encode(envelope, rewritten);
    }
}

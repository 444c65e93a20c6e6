package io.taffrail.streams;

import io.taffrail.streams.Refusal.Code;
import java.util.Collections;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Whether a command may be carried out, and what the log is to say then. Pure: looks at the state as of the
/// log's end.
final class CommandRules {
    private final LogState state;
    private final StreamSettings settings;
    private final StreamStoreConfig limits;
    private final long nowMillis;

    private CommandRules(LogState state, StreamSettings settings, StreamStoreConfig limits, long nowMillis) {
        this.state = state;
        this.settings = settings;
        this.limits = limits;
        this.nowMillis = nowMillis;
    }

    static CommandDecision decide(
            LogState state, StreamCommand command, StreamSettings settings, StreamStoreConfig limits, long nowMillis) {
        var rules = new CommandRules(state, settings, limits, nowMillis);
        return switch (command) {
            case StreamCommand.CreateStream create -> rules.create(create);
            case StreamCommand.UpdateStream update -> rules.update(update);
            case StreamCommand.DeleteStream delete -> rules.delete(delete);
            case StreamCommand.TrimStream trim -> rules.trim(trim);
            case StreamCommand.FenceStream fence -> rules.fence(fence);
            case StreamCommand.RegisterProducer register -> rules.register(register);
            case StreamCommand.ExpireProducers expire -> rules.expire(expire);
            case StreamCommand.CommitCursor commit -> rules.commit(commit);
            case StreamCommand.DeleteCursor delete -> rules.deleteCursor(delete);
        };
    }

    private CommandDecision create(StreamCommand.CreateStream create) {
        var objection = Names.objection("stream name " + Refusals.quoted(create.stream()), create.stream());
        if (objection != null) {
            return invalid(objection);
        }
        if (state.catalog().get(create.stream()) != null) {
            return create.ifNotExists()
                    ? new CommandDecision.Unchanged()
                    : refuse(Code.STREAM_EXISTS, "stream " + Refusals.quoted(create.stream()) + " exists");
        }
        if (state.catalog().size() >= limits.maxStreams()) {
            return refuse(Code.TOO_LARGE, "there are " + limits.maxStreams() + " streams, the limit: delete some");
        }
        var refusal = objection(create.config());
        if (refusal != null) {
            return new CommandDecision.Refused(refusal);
        }
        if (isFull()) {
            return full("stream " + Refusals.quoted(create.stream()));
        }
        return accept(new StreamChange.Created(
                nowMillis, state.catalog().nextId(), create.stream(), normal(create.config())));
    }

    private CommandDecision update(StreamCommand.UpdateStream update) {
        var stream = state.catalog().get(update.stream());
        if (stream == null) {
            return new CommandDecision.Refused(Refusals.streamNotFound(update.stream()));
        }
        var refusal = objection(update.config());
        if (refusal != null) {
            return new CommandDecision.Refused(refusal);
        }
        var config = normal(update.config());
        if (isFull() && StateSize.of(config) > StateSize.of(stream.config())) {
            return full("labels of stream " + Refusals.quoted(stream.name));
        }
        return config.equals(stream.config())
                ? new CommandDecision.Unchanged()
                : accept(new StreamChange.Updated(nowMillis, stream.id, config));
    }

    private CommandDecision delete(StreamCommand.DeleteStream delete) {
        var stream = state.catalog().get(delete.stream());
        return stream == null
                ? new CommandDecision.Refused(Refusals.streamNotFound(delete.stream()))
                : accept(new StreamChange.Deleted(nowMillis, stream.id));
    }

    private CommandDecision trim(StreamCommand.TrimStream trim) {
        var stream = state.catalog().get(trim.stream());
        if (stream == null) {
            return new CommandDecision.Refused(Refusals.streamNotFound(trim.stream()));
        }
        var start = trim.startOffset();
        if (start < 0 || start > stream.nextOffset()) {
            return new CommandDecision.Refused(Refusals.outOfRange(
                    "start_offset %s: stream %s has the offsets %s to %s"
                            .formatted(
                                    Long.toUnsignedString(start),
                                    stream.name,
                                    stream.startOffset(),
                                    stream.nextOffset()),
                    stream.startOffset(),
                    stream.nextOffset()));
        }
        if (start <= stream.startOffset()) {
            return new CommandDecision.Unchanged();
        }
        if (start == stream.nextOffset()) {
            return accept(
                    new StreamChange.Trimmed(nowMillis, stream.id, start, Stream.NONE, 0, stream.appendedBytes()));
        }
        var first = stream.batch(start);
        if (first == null) {
            throw new IllegalStateException("S2 offset " + start + " of stream " + stream.name + " is in no batch");
        }
        return accept(new StreamChange.Trimmed(
                nowMillis, stream.id, start, first.lsn(), first.timestampMillis(), first.bytesBefore()));
    }

    private CommandDecision fence(StreamCommand.FenceStream fence) {
        var stream = state.catalog().get(fence.stream());
        if (stream == null) {
            return new CommandDecision.Refused(Refusals.streamNotFound(fence.stream()));
        }
        if (fence.fencingToken() < 0) {
            return invalid("fencing_token %s: at most %s"
                    .formatted(Long.toUnsignedString(fence.fencingToken()), Long.MAX_VALUE));
        }
        if (fence.fencingToken() < stream.fencingToken()) {
            return refuse(
                    Code.FENCED,
                    "fencing_token %s: stream %s has %s, and it only grows"
                            .formatted(fence.fencingToken(), stream.name, stream.fencingToken()));
        }
        return fence.fencingToken() == stream.fencingToken()
                ? new CommandDecision.Unchanged()
                : accept(new StreamChange.Fenced(nowMillis, stream.id, fence.fencingToken()));
    }

    private CommandDecision register(StreamCommand.RegisterProducer register) {
        var producers = state.producers();
        var objection = Names.objection("producer name", register.name(), 0, Names.MAX_BYTES);
        if (objection != null) {
            return invalid(objection);
        }
        var byName = producers.get(register.name());
        var known = register.producerId() == 0 ? byName : producers.get(register.producerId());
        if (register.producerId() != 0) {
            if (known == null) {
                return refuse(
                        Code.UNKNOWN_PRODUCER,
                        "producer %s was never registered or has expired: register with id 0"
                                .formatted(Long.toUnsignedString(register.producerId())));
            }
            if (!register.name().isEmpty() && !known.equals(byName)) {
                return invalid("producer %s is not the one named %s: give the id or the name"
                        .formatted(known.id, Refusals.quoted(register.name())));
            }
        }
        if (known != null) {
            return known.epoch() == Integer.MAX_VALUE
                    ? invalid("producer " + known.id + " has had every epoch: register another one")
                    : accept(new StreamChange.ProducerRegistered(nowMillis, known.id, known.epoch() + 1, known.name));
        }
        if (producers.size() >= limits.maxProducers()) {
            return refuse(
                    Code.TOO_LARGE, "there are " + limits.maxProducers() + " producers, the limit: idle ones expire");
        }
        if (isFull()) {
            return full("another producer");
        }
        return accept(new StreamChange.ProducerRegistered(nowMillis, producers.nextId(), 0, register.name()));
    }

    private CommandDecision expire(StreamCommand.ExpireProducers expire) {
        return state.producers().idleSince(expire.idleSinceMillis()).isEmpty()
                ? new CommandDecision.Unchanged()
                : accept(new StreamChange.ProducersExpired(nowMillis, expire.idleSinceMillis()));
    }

    private CommandDecision commit(StreamCommand.CommitCursor commit) {
        var stream = state.catalog().get(commit.stream());
        if (stream == null) {
            return new CommandDecision.Refused(Refusals.streamNotFound(commit.stream()));
        }
        var objection = Names.objection("cursor name " + Refusals.quoted(commit.cursor()), commit.cursor());
        if (objection != null) {
            return invalid(objection);
        }
        if (commit.offset() < 0 || commit.offset() > stream.nextOffset()) {
            return new CommandDecision.Refused(Refusals.outOfRange(
                    "offset %s: stream %s has the offsets %s to %s"
                            .formatted(
                                    Long.toUnsignedString(commit.offset()),
                                    stream.name,
                                    stream.startOffset(),
                                    stream.nextOffset()),
                    stream.startOffset(),
                    stream.nextOffset()));
        }
        var position = stream.cursors.get(commit.cursor());
        var stands = position == null ? 0 : position.offset();
        if (commit.expectedOffset().isPresent() && commit.expectedOffset().getAsLong() != stands) {
            return new CommandDecision.Refused(new Refusal(
                    Code.OFFSET_MISMATCH,
                    "expected_offset %s: cursor %s stands at %s"
                            .formatted(commit.expectedOffset().getAsLong(), Refusals.quoted(commit.cursor()), stands),
                    OptionalLong.empty(),
                    OptionalLong.of(stands),
                    OptionalLong.empty(),
                    OptionalLong.empty()));
        }
        if (position == null && stream.cursors.size() >= limits.maxCursorsPerStream()) {
            return refuse(
                    Code.TOO_LARGE,
                    "stream %s has %s cursors, the limit: delete some".formatted(stream.name, stream.cursors.size()));
        }
        if (position == null && isFull()) {
            return full("cursor %s of stream %s".formatted(Refusals.quoted(commit.cursor()), stream.name));
        }
        return position != null && position.offset() == commit.offset()
                ? new CommandDecision.Unchanged()
                : accept(new StreamChange.CursorCommitted(nowMillis, stream.id, commit.cursor(), commit.offset()));
    }

    private CommandDecision deleteCursor(StreamCommand.DeleteCursor delete) {
        var stream = state.catalog().get(delete.stream());
        if (stream == null) {
            return new CommandDecision.Refused(Refusals.streamNotFound(delete.stream()));
        }
        return stream.cursors.get(delete.cursor()) == null
                ? refuse(
                        Code.CURSOR_NOT_FOUND,
                        "cursor %s of stream %s does not exist"
                                .formatted(Refusals.quoted(delete.cursor()), stream.name))
                : accept(new StreamChange.CursorDeleted(nowMillis, stream.id, delete.cursor()));
    }

    private boolean isFull() {
        return state.sizeBytes() >= limits.maxStateBytes();
    }

    private CommandDecision full(String what) {
        return new CommandDecision.Refused(Refusals.stateFull(what, state, limits));
    }

    private @Nullable Refusal objection(StreamConfig config) {
        if (config.retentionMillis() < 0 || config.retentionBytes() < 0) {
            return Refusals.invalid("retention_millis %s, retention_bytes %s: 0 (the cluster's default) to %s"
                    .formatted(
                            Long.toUnsignedString(config.retentionMillis()),
                            Long.toUnsignedString(config.retentionBytes()),
                            Long.MAX_VALUE));
        }
        if (config.labels().size() > Names.MAX_LABELS) {
            return Refusals.invalid(
                    "labels: " + config.labels().size() + " of them, at most " + Names.MAX_LABELS + " are allowed");
        }
        for (var label : config.labels().entrySet()) {
            var key = Names.objection("label key " + Refusals.quoted(label.getKey()), label.getKey());
            var value = Names.objection(
                    "value of label " + Refusals.quoted(label.getKey()),
                    label.getValue(),
                    0,
                    Names.MAX_LABEL_VALUE_BYTES);
            if (key != null || value != null) {
                return Refusals.invalid(key != null ? key : String.valueOf(value));
            }
        }
        return DurabilityRules.objection(config, settings);
    }

    /// A copy that nobody else holds, its labels in the order of their encoding.
    private static StreamConfig normal(StreamConfig config) {
        var labels = new TreeMap<String, String>();
        config.labels().forEach(labels::put);
        return new StreamConfig(
                config.commitMode(),
                config.replicationMode(),
                config.minimumCommitMode(),
                config.minimumReplicationMode(),
                config.retentionMillis(),
                config.retentionBytes(),
                Collections.unmodifiableSortedMap(labels));
    }

    private static CommandDecision accept(StreamChange change) {
        return new CommandDecision.Accepted(StreamChangeCodec.encode(change));
    }

    private static CommandDecision invalid(String message) {
        return new CommandDecision.Refused(Refusals.invalid(message));
    }

    private static CommandDecision refuse(Code code, String message) {
        return new CommandDecision.Refused(Refusal.of(code, message));
    }
}

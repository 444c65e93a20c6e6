package io.taffrail.streams;

import java.util.Locale;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// Whether a batch may be appended, and where. Pure: looks at the state as of the log's end.
///
/// A duplicate is answered before anything that the first attempt may itself have changed (the next offset)
/// or that may have changed since (the fencing token, the floor): the batch is in the log, and no refusal may
/// claim otherwise.
final class AppendRules {
    private AppendRules() {}

    static AppendDecision decide(
            LogState state, AppendIntent intent, StreamSettings settings, StreamStoreConfig config) {
        var stream = state.stream(intent.stream());
        if (stream == null) {
            return refuse(Refusals.streamNotFound(intent.stream()));
        }
        if (intent.recordCount() < 1) {
            return refuse(Refusals.invalid(
                    "record count is " + intent.recordCount() + ": a batch holds at least one record"));
        }
        var commit = DurabilityRules.commitMode(intent.commitMode(), stream.config(), settings);
        var replication = DurabilityRules.replicationMode(intent.replicationMode(), stream.config(), settings);
        var durability = new Durability(commit, replication);
        if (intent.producerId() != 0) {
            var answer = sequence(state, stream, intent, durability, config);
            if (answer != null) {
                return answer;
            }
        }
        var floor = DurabilityRules.belowFloor(commit, replication, stream.config(), settings);
        if (floor != null) {
            return refuse(floor);
        }
        var token = stream.fencingToken();
        if (token != Stream.NONE) {
            if (intent.fencingToken().isEmpty() || intent.fencingToken().getAsLong() != token) {
                return refuse(fenced(stream, intent.fencingToken()));
            }
        }
        if (intent.expectedOffset().isPresent() && intent.expectedOffset().getAsLong() != stream.nextOffset()) {
            return refuse(offsetMismatch(stream, intent.expectedOffset().getAsLong()));
        }
        if (state.unindexedBatches() >= config.maxUnindexedBatches()) {
            return refuse(Refusal.of(
                    Refusal.Code.QUEUE_FULL,
                    "%s batches are in no index file yet, the limit: retry once a checkpoint is written"
                            .formatted(state.unindexedBatches())));
        }
        var millis = Math.max(intent.nowMillis(), stream.lastMillis());
        var prefix = RecordsPayload.prefix(stream.id, stream.nextOffset(), millis, intent);
        return new AppendDecision.Accepted(stream.nextOffset(), durability, prefix);
    }

    /// Null: the batch is the producer's next in this stream.
    private static @Nullable AppendDecision sequence(
            LogState state, Stream stream, AppendIntent intent, Durability durability, StreamStoreConfig config) {
        var producer = state.producer(intent.producerId());
        if (producer == null || intent.producerEpoch() > producer.epoch()) {
            return refuse(unknownProducer(producer, intent));
        }
        if (intent.producerEpoch() < producer.epoch()) {
            return refuse(Refusal.of(
                    Refusal.Code.FENCED,
                    "producer %s epoch %s: epoch %s is registered, an instance that began later has taken over"
                            .formatted(producer.id, intent.producerEpoch(), producer.epoch())));
        }
        if (intent.sequence() < 0) {
            return refuse(Refusals.invalid("sequence " + Long.toUnsignedString(intent.sequence()) + ": the largest is "
                    + Long.MAX_VALUE + "; register a new producer"));
        }
        var window = stream.windows.find(producer.id);
        if (window == null) {
            if (intent.sequence() != 0) {
                return refuse(outOfSequence(stream, intent, OptionalLong.empty(), OptionalLong.empty()));
            }
            if (producer.streams.size() >= config.maxStreamsPerProducer()) {
                return refuse(Refusal.of(
                        Refusal.Code.TOO_LARGE,
                        "producer %s appends to %s streams, the limit: register another one"
                                .formatted(producer.id, producer.streams.size())));
            }
            if (state.sizeBytes() >= config.maxStateBytes()) {
                return refuse(Refusals.stateFull(
                        "producer %s, which is new in stream %s".formatted(producer.id, stream.name), state, config));
            }
            return null;
        }
        var last = window.lastSequence(producer.epoch());
        if (intent.sequence() == last + 1) {
            return null;
        }
        if (window.holds(producer.epoch(), intent.sequence())) {
            return duplicate(stream, window, intent, durability);
        }
        return refuse(outOfSequence(
                stream,
                intent,
                last < 0 ? OptionalLong.empty() : OptionalLong.of(last),
                OptionalLong.of(window.lastOffset())));
    }

    private static AppendDecision duplicate(
            Stream stream, SequenceWindow window, AppendIntent intent, Durability durability) {
        var sequence = intent.sequence();
        if (window.recordsCrc(sequence) != intent.recordsCrc()
                || window.recordCount(sequence) != intent.recordCount()) {
            return refuse(Refusal.of(
                    Refusal.Code.DUPLICATE_MISMATCH,
                    String.format(
                            Locale.ROOT,
                            "sequence %s of producer %s in stream %s was used for %s records with CRC32C %08x, now %s with"
                                    + " %08x: give other records another sequence",
                            sequence,
                            intent.producerId(),
                            stream.name,
                            window.recordCount(sequence),
                            window.recordsCrc(sequence),
                            intent.recordCount(),
                            intent.recordsCrc())));
        }
        return new AppendDecision.Duplicate(
                window.baseOffset(sequence),
                window.recordCount(sequence),
                window.lsn(sequence),
                window.endLsn(sequence),
                window.epoch(sequence),
                durability);
    }

    private static Refusal unknownProducer(@Nullable Producer producer, AppendIntent intent) {
        var why = producer == null
                ? "was never registered or has expired"
                : "has epoch " + producer.epoch() + ", and none later was registered";
        return Refusal.of(
                Refusal.Code.UNKNOWN_PRODUCER,
                "producer %s epoch %s %s: register it".formatted(intent.producerId(), intent.producerEpoch(), why));
    }

    private static Refusal outOfSequence(
            Stream stream, AppendIntent intent, OptionalLong lastSequence, OptionalLong lastOffset) {
        var next = lastSequence.isPresent() ? lastSequence.getAsLong() + 1 : 0;
        return new Refusal(
                Refusal.Code.OUT_OF_SEQUENCE,
                "sequence %s of producer %s in stream %s: the next is %s"
                        .formatted(intent.sequence(), intent.producerId(), stream.name, next),
                OptionalLong.empty(),
                OptionalLong.of(stream.nextOffset()),
                lastSequence,
                lastOffset);
    }

    private static Refusal fenced(Stream stream, OptionalLong given) {
        return Refusal.of(
                Refusal.Code.FENCED,
                "fencing token %s: stream %s requires %s"
                        .formatted(
                                given.isPresent() ? given.getAsLong() : "absent", stream.name, stream.fencingToken()));
    }

    private static Refusal offsetMismatch(Stream stream, long expected) {
        return new Refusal(
                Refusal.Code.OFFSET_MISMATCH,
                "expected offset %s: the next offset of stream %s is %s"
                        .formatted(expected, stream.name, stream.nextOffset()),
                OptionalLong.empty(),
                OptionalLong.of(stream.nextOffset()),
                OptionalLong.empty(),
                OptionalLong.empty());
    }

    private static AppendDecision refuse(Refusal refusal) {
        return new AppendDecision.Refused(refusal);
    }
}

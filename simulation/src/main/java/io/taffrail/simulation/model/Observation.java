package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.LogPosition;

/// What a step shows to the outside.
sealed interface Observation {
    /// @param log that the epoch goes on from, with its EPOCH_BEGIN
    record Adopted(long epoch, ModelLog log) implements Observation {}

    record Opened(long epoch) implements Observation {}

    /// Clients of an epoch may know from here on that everything up to these positions holds.
    record Acknowledged(long epoch, LogPosition received, LogPosition flushed) implements Observation {}

    /// A rule was broken inside of one replica.
    record Broken(String message) implements Observation {}
}

package io.taffrail.replication;

import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.protocol.Event;
import io.taffrail.replication.protocol.LogPosition;

/// The loop, as those see it who replace a part of its log.
interface LogOwner {
    void wake();

    void post(Event event);

    /// As whom this replica speaks now.
    Envelope envelope();

    /// The log ends earlier than the core knows.
    void logShortened();

    /// The log is what the core is about to hear: it ends there.
    LogPosition logReplaced();

    /// What stands in this log speaks for nobody, so it may be given up.
    boolean isSuspect();

    void storageFailed(String message);
}

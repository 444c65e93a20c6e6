package io.taffrail.simulation.check;

import io.taffrail.replication.ReplicaStatus;
import io.taffrail.replication.codec.ControlEntryCodec;
import io.taffrail.replication.protocol.Configuration;
import io.taffrail.wal.record.EntryType;
import java.util.HashMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The configuration that a replica says is in force is one of its log: once its entry has been cut off, the one
/// before counts again.
public final class ConfigurationsAreLogged {
    private record Logged(long lsn, int crc, Configuration configuration) {}

    /// By node: what its log held when it was looked at last.
    private final TreeMap<Integer, Logged> newest = new TreeMap<>();

    /// By leading process: the configuration that it said is in force.
    private final HashMap<String, Long> inForce = new HashMap<>();

    /// Whether the open leader says another configuration than before.
    public boolean isChanged(String process, ReplicaStatus status) {
        var before = inForce.put(process, status.configId());
        return before != null && before != status.configId();
    }

    /// I33: when a leader goes on to another configuration, a majority has flushed the one before.
    public void changed(String process, ReplicaStatus status, ObservedLog log) {
        var newer = 0;
        for (var entry : log.newestFirst()) {
            if (entry.header().type() == EntryType.CONFIG && newer++ > 0) {
                if (entry.header().endLsn() > status.watermarks().quorumFlushed()) {
                    throw new InvariantViolation(
                            "OneChangeAtATime",
                            "%s has configuration %s in force, and the one before, %s, is not committed: %s"
                                    .formatted(process, status.configId(), entry.header(), status.watermarks()));
                }
                return;
            }
        }
    }

    /// The node has a new volume, or another log.
    public void forget(int nodeId) {
        newest.remove(nodeId);
    }

    /// Returns whether the newest one was cut off since the last look.
    public boolean look(String process, ReplicaStatus status, ObservedLog log) {
        var now = newest(log);
        // The log of one that has just changed over to another history is of the one before, which gave the same
        // number.
        if (now != null
                && status.integrity() != ReplicaStatus.Integrity.SUSPECT
                && now.configuration.id() == status.configId()
                && !isInForce(now.configuration, status)) {
            throw broken(process, status, "its log holds %s".formatted(now));
        }
        var before = newest.get(status.nodeId());
        if (before != null && isToCome(before, log)) {
            return false;
        }
        if (now == null) {
            newest.remove(status.nodeId());
        } else {
            newest.put(status.nodeId(), now);
        }
        if (before == null || !isCutOff(before, log)) {
            return false;
        }
        // One whose log has lost what was committed goes on with the members that it knows.
        if (status.integrity() != ReplicaStatus.Integrity.SUSPECT
                && status.configId() == before.configuration.id()
                && (now == null || now.configuration.id() != before.configuration.id())) {
            throw broken(process, status, "%s was cut off, its log holds %s".formatted(before, now));
        }
        return true;
    }

    private static @Nullable Logged newest(ObservedLog log) {
        for (var entry : log.newestFirst()) {
            var control = entry.control();
            if (entry.header().type() == EntryType.CONFIG && control != null) {
                var configuration = ControlEntryCodec.configuration(control.duplicate());
                return new Logged(entry.header().lsn(), entry.header().crc(), configuration);
            }
        }
        return null;
    }

    /// What lies below the log's start was trimmed, or given up with all before it.
    private static boolean isCutOff(Logged logged, ObservedLog log) {
        var entry = log.at(logged.lsn);
        return logged.lsn >= log.startLsn() && (entry == null || entry.header().crc() != logged.crc);
    }

    /// A log that was begun anew below the entry may get it back.
    private static boolean isToCome(Logged logged, ObservedLog log) {
        return log.startLsn() <= logged.lsn && log.endLsn() <= logged.lsn;
    }

    private static boolean isInForce(Configuration configuration, ReplicaStatus status) {
        var logged = new TreeSet<Integer>();
        configuration.voters().forEach(voter -> logged.add(voter.nodeId()));
        var said = new TreeSet<Integer>();
        status.voters().forEach(voter -> said.add(voter.nodeId()));
        return logged.equals(said);
    }

    private static InvariantViolation broken(String process, ReplicaStatus status, String what) {
        return new InvariantViolation(
                "ConfigurationsAreLogged",
                "%s says that configuration %s is in force, %s; but %s"
                        .formatted(process, status.configId(), status.voters(), what));
    }
}

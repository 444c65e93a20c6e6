package io.taffrail.simulation.model;

import io.taffrail.replication.protocol.LogPosition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What nobody in the cluster remembers and the checks need: which epochs were begun on which log, and
/// what was acknowledged.
record History(List<Reign> reigns, List<Acknowledged> acknowledged) {
    static final History EMPTY = new History(List.of(), List.of());

    /// @param log that the epoch goes on from, its EPOCH_BEGIN included
    record Reign(long epoch, int node, long incarnation, ModelLog log, boolean open) {}

    /// Everything up to `position` holds for clients of `epoch`; `flushed`: as Sync, otherwise as Async.
    record Acknowledged(long epoch, LogPosition position, boolean flushed) {}

    /// @param violation null: nothing is broken
    record Next(History history, @Nullable String violation) {}

    Next with(ModelReplica replica, Observation observation, boolean lossMayBeDeclared) {
        return switch (observation) {
            case Observation.Broken(String message) -> new Next(this, message);
            case Observation.Adopted(long epoch, var log) -> {
                var next = add(reigns, new Reign(epoch, replica.id, replica.incarnation, log, false));
                yield new Next(new History(next, acknowledged), lossFor(epoch, log, lossMayBeDeclared));
            }
            case Observation.Opened(long epoch) -> opened(replica, epoch);
            case Observation.Acknowledged(long epoch, var received, var flushed) -> {
                var next = acknowledge(replica, epoch, flushed, true, lossMayBeDeclared);
                yield next.violation() != null
                        ? next
                        : next.history().acknowledge(replica, epoch, received, false, lossMayBeDeclared);
            }
        };
    }

    private Next opened(ModelReplica replica, long epoch) {
        var next = new ArrayList<Reign>();
        for (var reign : reigns) {
            var own =
                    reign.epoch() == epoch && reign.node() == replica.id && reign.incarnation() == replica.incarnation;
            if (reign.epoch() == epoch && !own && reign.open()) {
                return new Next(
                        this, "I7: epoch %s is open on nodes %s and %s".formatted(epoch, reign.node(), replica.id));
            }
            next.add(own ? new Reign(epoch, reign.node(), reign.incarnation(), reign.log(), true) : reign);
        }
        return new Next(new History(List.copyOf(next), acknowledged), null);
    }

    private Next acknowledge(
            ModelReplica replica, long epoch, LogPosition position, boolean flushed, boolean lossMayBeDeclared) {
        var next = new ArrayList<Acknowledged>();
        for (var before : acknowledged) {
            if (before.epoch() != epoch || before.flushed() != flushed) {
                next.add(before);
            } else if (!replica.log.holds(before.position())) {
                return new Next(
                        this,
                        "I1: epoch %s acknowledged %s and its leader's log is %s"
                                .formatted(epoch, before.position(), replica.log));
            } else if (before.position().lsn() >= position.lsn()) {
                return new Next(this, null);
            }
        }
        var now = new Acknowledged(epoch, position, flushed);
        for (var reign : reigns) {
            if (reign.epoch() > epoch && isLost(now, reign.log(), lossMayBeDeclared)) {
                return new Next(this, lost(now, reign.epoch(), reign.log()));
            }
        }
        next.add(now);
        return new Next(new History(reigns, List.copyOf(next)), null);
    }

    private @Nullable String lossFor(long epoch, ModelLog log, boolean lossMayBeDeclared) {
        for (var before : acknowledged) {
            if (before.epoch() < epoch && isLost(before, log, lossMayBeDeclared)) {
                return lost(before, epoch, log);
            }
        }
        return null;
    }

    /// Only what was acknowledged from memory may be missing, and only if an epoch since then has said
    /// so (I12).
    private static boolean isLost(Acknowledged before, ModelLog log, boolean lossMayBeDeclared) {
        if (log.holds(before.position())) {
            return false;
        }
        return before.flushed()
                || !lossMayBeDeclared
                || !log.declaresLoss(before.epoch(), before.position().lsn());
    }

    private static String lost(Acknowledged before, long epoch, ModelLog log) {
        return "%s: epoch %s acknowledged %s and epoch %s goes on from %s"
                .formatted(before.flushed() ? "I11" : "I10", before.epoch(), before.position(), epoch, log);
    }

    private static <T> List<T> add(List<T> to, T element) {
        var all = new ArrayList<>(to);
        all.add(element);
        return List.copyOf(all);
    }
}

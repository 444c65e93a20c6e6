package io.taffrail.simulation.check;

import io.taffrail.replication.protocol.Integrity;
import io.taffrail.replication.protocol.Message;
import io.taffrail.replication.protocol.Watermarks;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// I13, I15: whenever a leader's idea of what a majority holds grows, so many voters have told it so, in the session
/// that they are in now, and not as `SUSPECT` ones. Counted anew from the frames that reached it.
public final class CountedCopies {
    private record Copy(long session, Integrity integrity, long received, long flushed) {}

    /// One reign of one process.
    private static final class Leader {
        final long epoch;
        final TreeMap<Integer, Long> sessions = new TreeMap<>();
        final TreeMap<Integer, Copy> copies = new TreeMap<>();
        /// As intact ones, before it was open: what it counted of them shows in its first report only, when the session
        /// may be over, or the follower `SUSPECT`.
        final TreeMap<Integer, Copy> beforeItOpened = new TreeMap<>();
        /// The most that each has called flushed in this reign, and not as a `SUSPECT` one.
        final TreeMap<Integer, Long> flushedBy = new TreeMap<>();
        boolean reports;
        long quorumReceived;
        long quorumFlushed;

        Leader(long epoch) {
            this.epoch = epoch;
        }
    }

    private final HashMap<String, Leader> leaders = new HashMap<>();

    private Leader leader(String process, long epoch) {
        var known = leaders.get(process);
        if (known == null || known.epoch < epoch) {
            known = new Leader(epoch);
            leaders.put(process, known);
        }
        return known;
    }

    /// The process lets a follower in: what it said before counts no more.
    public void welcomed(String process, int follower, Message.Welcome welcome) {
        var leader = leader(process, welcome.epoch());
        leader.sessions.put(follower, welcome.session());
        leader.copies.remove(follower);
    }

    /// Whether the process has let anyone in: before that nobody has anything to acknowledge to it.
    public boolean hasWelcomed(String process) {
        return leaders.containsKey(process);
    }

    /// The process reads the frame.
    public void heard(String process, int follower, Message.Acknowledge ack) {
        var leader = leader(process, ack.epoch());
        if (leader.sessions.getOrDefault(follower, 0L) == ack.session()) {
            var copy = new Copy(ack.session(), ack.integrity(), ack.receivedLsn(), ack.flushedLsn());
            leader.copies.merge(follower, copy, CountedCopies::newer);
            if (ack.integrity() != Integrity.SUSPECT) {
                leader.flushedBy.merge(follower, ack.flushedLsn(), Math::max);
                if (!leader.reports) {
                    leader.beforeItOpened.merge(follower, copy, CountedCopies::newer);
                }
            }
        }
    }

    /// Whether the follower has told the leader of that epoch that it had flushed the log up to `lsn`, be it in a
    /// session that is over.
    public boolean hasHeardOf(String process, long epoch, int follower, long lsn) {
        var leader = leaders.get(process);
        return leader != null && leader.epoch == epoch && leader.flushedBy.getOrDefault(follower, 0L) >= lsn;
    }

    private static Copy newer(Copy before, Copy now) {
        return new Copy(
                now.session(),
                now.integrity(),
                Math.max(before.received(), now.received()),
                Math.max(before.flushed(), now.flushed()));
    }

    /// Of an open leader; `electorates`: the voters that may be in force there.
    public void advanced(String process, int nodeId, long epoch, Watermarks marks, List<Set<Integer>> electorates) {
        var leader = leader(process, epoch);
        var flushed = marks.quorumFlushed();
        if (flushed > leader.quorumFlushed
                && electorates.stream().noneMatch(voters -> majority(leader, nodeId, marks, voters, true) >= flushed)) {
            throw broken(process, leader, marks, electorates, "flushed");
        }
        // Where memory does not count, what is flushed does.
        var received = marks.quorumReceived();
        if (received > Math.max(leader.quorumReceived, flushed)
                && electorates.stream()
                        .noneMatch(voters -> majority(leader, nodeId, marks, voters, false) >= received)) {
            throw broken(process, leader, marks, electorates, "received");
        }
        leader.reports = true;
        leader.beforeItOpened.clear();
        leader.quorumFlushed = Math.max(leader.quorumFlushed, marks.quorumFlushed());
        leader.quorumReceived = Math.max(leader.quorumReceived, marks.quorumReceived());
    }

    private static long majority(Leader leader, int nodeId, Watermarks marks, Set<Integer> voters, boolean flushed) {
        var positions = voters.stream()
                .mapToLong(voter -> voter == nodeId
                        ? flushed ? marks.leaderFlushed() : marks.leaderReceived()
                        : Math.max(
                                position(leader.copies.get(voter), flushed),
                                position(leader.beforeItOpened.get(voter), flushed)))
                .toArray();
        Arrays.sort(positions);
        return voters.isEmpty() ? 0 : positions[positions.length - (positions.length / 2 + 1)];
    }

    private static long position(@Nullable Copy copy, boolean flushed) {
        return copy == null || copy.integrity() == Integrity.SUSPECT ? 0 : flushed ? copy.flushed() : copy.received();
    }

    private static InvariantViolation broken(
            String process, Leader leader, Watermarks marks, List<Set<Integer>> electorates, String what) {
        return new InvariantViolation(
                "CountedCopies",
                "%s counts %s as %s by a majority, of %s it was told %s by its followers"
                        .formatted(process, marks, what, electorates, leader.copies));
    }
}

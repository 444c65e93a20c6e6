package io.taffrail.simulation;

import io.taffrail.simulation.fault.FaultClass;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// How often the interesting things happened: a run in which nothing does proves nothing.
public final class Coverage {
    /// What has to happen in some seed of every long campaign.
    private static final List<String> REQUIRED = List.of(
            "election tier 1",
            "election tier 2",
            "election tier 3",
            "loss declared",
            "AMNESIC repaired",
            "SUSPECT repaired",
            "recovery CLEAN",
            "recovery TORN",
            "recovery CORRUPT",
            "damaged log",
            "damaged log's end",
            "damaged small file",
            "log trimmed",
            "follower left the in-sync set",
            "follower came into the in-sync set",
            "transfer Done",
            "acknowledged a duplicate",
            "repeated after the answer",
            "producer starts over",
            "indeterminate",
            "clean exit",
            "storage failed",
            "learner added Done",
            "learner promoted Done",
            "voter removed Done",
            "replaced voter removed Done",
            "exchanged volume refused",
            "settings Done",
            "frames corrupted",
            "frames of an old connection arrived late",
            "frames replayed",
            "refused BELOW_MINIMUM",
            "refused DISK_FULL",
            "only the reserve is left",
            "a configuration was cut off",
            "refused NOT_LEADER",
            "refused QUEUE_FULL",
            "acknowledged ASYNC/ASYNC",
            "acknowledged ASYNC/QUORUM",
            "acknowledged ASYNC/ALL",
            "acknowledged SYNC/ASYNC",
            "acknowledged SYNC/QUORUM",
            "acknowledged SYNC/ALL",
            "rightly lost: ASYNC_REPLICATION",
            "rightly lost: DECLARED_MEMORY_LOSS");

    /// What has to in a longer one.
    private static final List<String> RARE = List.of(
            "halted rather than cut what was lost elsewhere",
            "told of damage as a process before it was, which died",
            "rightly lost: GIVEN_UP",
            "volume of an evicted replica emptied",
            "older volume evicted",
            "older volume that nobody can know of",
            "old segment repaired");

    /// Fewer seeds need not reach every corner.
    private static final long SEEDS_FOR_REQUIRED = 500;

    private static final long SEEDS_FOR_RARE = 5_000;

    private final HashMap<String, Long> counts = new HashMap<>();

    public void count(String what) {
        add(what, 1);
    }

    public void add(String what, long times) {
        counts.merge(what, times, Long::sum);
    }

    public long of(String what) {
        return counts.getOrDefault(what, 0L);
    }

    public Map<String, Long> counts() {
        return new TreeMap<>(counts);
    }

    public void addAll(Coverage other) {
        other.counts.forEach(this::add);
    }

    /// What never happened in so many seeds and has to; each class of faults among it.
    public List<String> missing(long seeds) {
        var missing = new ArrayList<String>();
        if (seeds < SEEDS_FOR_REQUIRED) {
            return missing;
        }
        for (var fault : FaultClass.values()) {
            if (of("fault " + fault) == 0) {
                missing.add("fault " + fault);
            }
        }
        var required = new ArrayList<>(REQUIRED);
        if (seeds >= SEEDS_FOR_RARE) {
            required.addAll(RARE);
        }
        for (var what : required) {
            if (of(what) == 0) {
                missing.add(what);
            }
        }
        return missing;
    }

    public void print(PrintStream out) {
        counts().forEach((what, times) -> out.printf(Locale.ROOT, "%,12d  %s%n", times, what));
    }
}

package io.taffrail.operator.stream;

import io.taffrail.operator.crd.ByteSize;
import io.taffrail.operator.crd.LogStreamSpec;
import io.taffrail.operator.crd.LogStreamSpec.AdoptionPolicy;
import io.taffrail.operator.crd.TimeSpan;
import io.taffrail.operator.stream.ObservedStream.Config;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What to do about one stream. Pure. A label on the stream names the LogStream that manages it, so that two of them,
/// or a LogStream and a program, never take turns at one stream.
public final class StreamPlanner {
    /// The value is `namespace/name` and not a uid: a LogStream that is created again finds its stream.
    public static final String OWNER_LABEL = "taffrail.io/managed-by";

    public sealed interface Step {
        record Create(Config config) implements Step {}

        record Update(Config config) implements Step {}

        record Keep() implements Step {}

        record Refuse(String reason, String message) implements Step {}
    }

    private StreamPlanner() {}

    /// @param owner `namespace/name` of the LogStream
    /// @param live null: there is no such stream
    /// @param manager `namespace/name` of the LogStream that manages it; null: none, or one that is gone
    public static Step plan(LogStreamSpec spec, String owner, @Nullable ObservedStream live, @Nullable String manager) {
        var wanted = wanted(spec, owner);
        if (live == null) {
            return new Step.Create(wanted);
        }
        if (manager == null && spec.adoptionPolicy() == AdoptionPolicy.Never) {
            return new Step.Refuse(
                    "StreamExists",
                    "stream " + spec.streamName() + " exists and no LogStream manages it: set adoptionPolicy to"
                            + " IfUnmanaged to take it over");
        }
        if (manager != null && !manager.equals(owner)) {
            return new Step.Refuse("ManagedByAnother", "LogStream " + manager + " manages stream " + spec.streamName());
        }
        var merged = wanted.keepingLabelsOf(live.config());
        return merged.equals(live.config()) ? new Step.Keep() : new Step.Update(merged);
    }

    /// Another's stream stays when the LogStream goes.
    public static boolean isManagedBy(String owner, ObservedStream live) {
        return owner.equals(label(live));
    }

    /// Null: no LogStream has ever managed it.
    static @Nullable String label(ObservedStream live) {
        return live.config().labels().get(OWNER_LABEL);
    }

    private static Config wanted(LogStreamSpec spec, String owner) {
        var retention = spec.retention();
        var age = retention == null ? null : retention.age();
        var bytes = retention == null ? null : retention.bytes();
        var minimum = spec.minimum();
        return new Config(
                spec.commitMode(),
                spec.replicationMode(),
                minimum == null ? null : minimum.commitMode(),
                minimum == null ? null : minimum.replicationMode(),
                age == null ? 0 : TimeSpan.retention(age).toMillis(),
                bytes == null ? 0 : ByteSize.parse("retention.bytes", bytes).bytes(),
                Map.of(OWNER_LABEL, owner));
    }
}

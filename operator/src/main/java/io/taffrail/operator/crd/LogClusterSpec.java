package io.taffrail.operator.crd;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.model.annotation.SpecReplicas;
import org.jspecify.annotations.Nullable;

/// What a user asks of a cluster. The annotations become the schema; the constructors repeat its defaults for
/// resources that were stored before a field existed.
@ValidationRule(
        value = "self.replicas in [1, 3, 5] || (self.replicas == 2 && has(self.unsafe)"
                + " && has(self.unsafe.allowTwoReplicas) && self.unsafe.allowTwoReplicas)",
        fieldPath = ".replicas",
        message = "replicas must be 1, 3 or 5; 2 tolerates no failure and needs unsafe.allowTwoReplicas")
@ValidationRule(
        value = "oldSelf.replicas - self.replicas < oldSelf.replicas / 2 + 1",
        fieldPath = ".replicas",
        message = "one edit must not remove a majority of the replicas; go down in smaller steps")
@ValidationRule(
        value = "!has(self.minimum) || self.minimum.commitMode == 'Async' || self.commitMode == 'Sync'",
        fieldPath = ".commitMode",
        message = "commitMode is below minimum.commitMode")
@ValidationRule(
        value = "!has(self.minimum) || self.minimum.replicationMode == 'Async' || self.replicationMode == 'All'"
                + " || self.replicationMode == self.minimum.replicationMode",
        fieldPath = ".replicationMode",
        message = "replicationMode is below minimum.replicationMode")
@ValidationRule(
        value = "has(self.storage.storageClassName) == has(oldSelf.storage.storageClassName)"
                + " && (!has(self.storage.storageClassName)"
                + " || self.storage.storageClassName == oldSelf.storage.storageClassName)",
        fieldPath = ".storage.storageClassName",
        message = "storageClassName cannot be changed: the volumes of running replicas cannot move")
@ValidationRule(
        value = "has(self.tls) == has(oldSelf.tls) || self.lifecycle == 'Hibernated'",
        fieldPath = ".tls",
        message = "tls can be turned on or off only while lifecycle is Hibernated: replicas with it and replicas"
                + " without it do not hear each other")
public record LogClusterSpec(
        @JsonPropertyDescription("Voters: 1, 3 or 5. One replica tolerates no failure, three tolerate one, five two.")
        @Default("3")
        @Min(1)
        @Max(5)
        @SpecReplicas
        Integer replicas,

        @JsonPropertyDescription("When one replica's copy counts: Async, in its buffer; Sync, flushed to its disk."
                + " The default of streams.")
        @Default("Sync")
        CommitMode commitMode,

        @JsonPropertyDescription("How many copies must count before an append is acknowledged: Async, the leader's own;"
                + " Quorum, a majority; All, every follower in sync. The default of streams.")
        @Default("Quorum")
        ReplicationMode replicationMode,

        @JsonPropertyDescription("How long an appended record may wait in memory before it is flushed, 1ms to 10s."
                + " A record that was acknowledged with Async is at risk for at most three times this.")
        @Default("10ms")
        @Pattern(TimeSpan.PATTERN)
        @ValidationRule(
                value = "!self.matches('^[0-9]{1,9}(us|ms|s|m|h)$')"
                        + " || (duration(self) >= duration('1ms') && duration(self) <= duration('10s'))",
                message = "writerDelay must be between 1ms and 10s")
        String writerDelay,

        @JsonPropertyDescription("No stream and no append may ask for less.")
        @Default("{\"commitMode\": \"Async\", \"replicationMode\": \"Async\"}")
        Minimum minimum,

        @JsonPropertyDescription("Waiting a little so that one flush serves several appends; ignored by Async.")
        @Default("{\"delay\": \"0ms\", \"siblings\": 5}")
        GroupCommit groupCommit,

        @JsonPropertyDescription("How much may wait, and what happens beyond it.")
        @Default("{\"pendingBytes\": \"64Mi\", \"replicationLag\": {\"bytes\": \"16Mi\", \"age\": \"1s\"},"
                + " \"onFull\": \"Wait\"}")
        Limits limits,

        @JsonPropertyDescription("How the log is written to the disk.")
        @Default("{\"method\": \"Auto\", \"direct\": true}")
        Io io,

        @JsonPropertyDescription("Where each replica keeps its log: a volume of its own.") @Required
        Storage storage,

        @JsonPropertyDescription("How long records are kept. The default of streams; absent: for ever.") @Nullable
        Retention retention,

        @JsonPropertyDescription("TLS to clients and mutual TLS between replicas. Absent: plaintext.") @Nullable
        Tls tls,

        @JsonPropertyDescription("The server's version; changing it asks for a rolling restart.")
        @Default(LogClusterSpec.VERSION)
        String version,

        @JsonPropertyDescription("Replaces the server's image, tag included.") @Nullable
        String image,

        @JsonPropertyDescription("Hibernated: no pods; volumes and addresses stay.") @Default("Running")
        Lifecycle lifecycle,

        @JsonPropertyDescription("Paused: the operator reports and changes nothing.") @Default("Managed")
        Management management,

        @JsonPropertyDescription("What the pods need of the cluster they run on.") @Default("{}")
        PodTemplate podTemplate,

        @JsonPropertyDescription(
                "When a majority of the voters is lost for good: shows what going on without them would"
                        + " lose, and does it, once, if that is accepted. It may stay afterwards.")
        @Nullable
        ForceRecovery forceRecovery,

        @JsonPropertyDescription("Dangers, each of which must be named to be had.") @Nullable
        Unsafe unsafe) {
    public static final String VERSION = "0.1.0";

    public record Minimum(
            @Default("Async") CommitMode commitMode,
            @Default("Async") ReplicationMode replicationMode) {
        public Minimum {
            commitMode = commitMode == null ? CommitMode.Async : commitMode;
            replicationMode = replicationMode == null ? ReplicationMode.Async : replicationMode;
        }
    }

    public record GroupCommit(
            @JsonPropertyDescription("How long a flush waits for more appends.")
            @Default("0ms")
            @Pattern(TimeSpan.PATTERN)
            @ValidationRule(
                    value = "!self.matches('^[0-9]{1,9}(us|ms|s|m|h)$') || duration(self) <= duration('100ms')",
                    message = "groupCommit.delay is at most 100ms")
            String delay,

            @JsonPropertyDescription("It waits only if at least this many others are being committed.")
            @Default("5")
            @Min(0)
            @Max(1000)
            Integer siblings) {
        public GroupCommit {
            delay = delay == null ? "0ms" : delay;
            siblings = siblings == null ? 5 : siblings;
        }
    }

    public record Limits(
            @JsonPropertyDescription("Bytes that may wait to be written on the leader.")
            @Default("64Mi")
            @Pattern(ByteSize.PATTERN)
            @ValidationRule(
                    value = "!isQuantity(self) || (quantity(self).compareTo(quantity('1Mi')) >= 0"
                            + " && quantity(self).compareTo(quantity('1Gi')) <= 0)",
                    message = "limits.pendingBytes must be between 1Mi and 1Gi")
            String pendingBytes,

            @JsonPropertyDescription("How far followers may be behind before the leader slows down.")
            @Default("{\"bytes\": \"16Mi\", \"age\": \"1s\"}")
            ReplicationLag replicationLag,

            @JsonPropertyDescription("Wait: an append waits for room. Reject: it is refused and may be retried.")
            @Default("Wait")
            OnFull onFull) {
        public Limits {
            pendingBytes = pendingBytes == null ? "64Mi" : pendingBytes;
            replicationLag = replicationLag == null ? new ReplicationLag("16Mi", "1s") : replicationLag;
            onFull = onFull == null ? OnFull.Wait : onFull;
        }
    }

    public record ReplicationLag(
            @Default("16Mi")
            @Pattern(ByteSize.PATTERN)
            @ValidationRule(
                    value = "!isQuantity(self) || (quantity(self).compareTo(quantity('64Ki')) >= 0"
                            + " && quantity(self).compareTo(quantity('1Ti')) <= 0)",
                    message = "limits.replicationLag.bytes must be between 64Ki and 1Ti")
            String bytes,

            @Default("1s")
            @Pattern(TimeSpan.PATTERN)
            @ValidationRule(
                    value = "!self.matches('^[0-9]{1,9}(us|ms|s|m|h)$')"
                            + " || (duration(self) >= duration('10ms') && duration(self) <= duration('1h'))",
                    message = "limits.replicationLag.age must be between 10ms and 1h")
            String age) {
        public ReplicationLag {
            bytes = bytes == null ? "16Mi" : bytes;
            age = age == null ? "1s" : age;
        }
    }

    public enum OnFull {
        Wait,
        Reject
    }

    public record Io(
            @JsonPropertyDescription("Auto: the best that the kernel and the seccomp profile allow.") @Default("Auto")
            IoMethod method,

            @JsonPropertyDescription("Past the page cache.") @Default("true")
            Boolean direct) {
        public Io {
            method = method == null ? IoMethod.Auto : method;
            direct = direct == null ? Boolean.TRUE : direct;
        }
    }

    public enum IoMethod {
        Auto,
        Sync,
        Worker,
        IoUring,
        PosixAio
    }

    public record Storage(
            @JsonPropertyDescription("Of each replica's volume. It may grow and never shrinks.")
            @Required
            @Pattern(ByteSize.PATTERN)
            @ValidationRule(
                    value = "!isQuantity(self) || quantity(self).compareTo(quantity(oldSelf)) >= 0",
                    message = "storage.size cannot shrink")
            String size,

            @JsonPropertyDescription("Absent: the default class. It cannot be changed.") @Nullable
            String storageClassName,

            @JsonPropertyDescription("What deleting the LogCluster does to the volumes and their records.")
            @Default("Retain")
            ReclaimPolicy reclaimPolicy,

            @JsonPropertyDescription(
                    "ReadWriteOncePod keeps a second pod off the volume; drivers that do not know it need"
                            + " ReadWriteOnce. It cannot be changed.")
            @Default("ReadWriteOncePod")
            @ValidationRule(value = "self == oldSelf", message = "storage.accessMode cannot be changed")
            AccessMode accessMode) {
        public Storage {
            accessMode = accessMode == null ? AccessMode.ReadWriteOncePod : accessMode;
            reclaimPolicy = reclaimPolicy == null ? ReclaimPolicy.Retain : reclaimPolicy;
        }
    }

    public enum AccessMode {
        ReadWriteOncePod,
        ReadWriteOnce
    }

    public enum ReclaimPolicy {
        Retain,
        Delete
    }

    public record Retention(
            @JsonPropertyDescription("Records older than this may go.") @Pattern(TimeSpan.PATTERN) @Nullable
            String age,

            @JsonPropertyDescription("The oldest records of a stream may go beyond this.")
            @Pattern(ByteSize.PATTERN)
            @Nullable
            String bytes) {}

    public record Tls(
            @JsonPropertyDescription("A Secret with tls.crt, tls.key and ca.crt, as cert-manager writes it.") @Required
            String secretName) {}

    public enum Lifecycle {
        Running,
        Hibernated
    }

    public enum Management {
        Managed,
        Paused
    }

    public record Unsafe(
            @JsonPropertyDescription("Flushes are skipped: Sync promises nothing and a power loss may lose everything.")
            @Nullable
            Boolean fsyncDisabled,

            @JsonPropertyDescription("Allows two replicas, of which none may fail.") @Nullable
            Boolean allowTwoReplicas,

            @JsonPropertyDescription("Allows a version older than one that has written to the volumes.") @Nullable
            Boolean allowDowngrade,

            @JsonPropertyDescription(
                    "Allows volumes in memory, in a container's layer or on a network file system, which"
                            + " may forget what was flushed; the server refuses to start on them otherwise.")
            @Nullable
            Boolean allowUnfitStorage) {}

    public LogClusterSpec {
        replicas = replicas == null ? 3 : replicas;
        commitMode = commitMode == null ? CommitMode.Sync : commitMode;
        replicationMode = replicationMode == null ? ReplicationMode.Quorum : replicationMode;
        writerDelay = writerDelay == null ? "10ms" : writerDelay;
        minimum = minimum == null ? new Minimum(CommitMode.Async, ReplicationMode.Async) : minimum;
        groupCommit = groupCommit == null ? new GroupCommit("0ms", 5) : groupCommit;
        limits = limits == null ? new Limits("64Mi", new ReplicationLag("16Mi", "1s"), OnFull.Wait) : limits;
        io = io == null ? new Io(IoMethod.Auto, true) : io;
        version = version == null ? VERSION : version;
        lifecycle = lifecycle == null ? Lifecycle.Running : lifecycle;
        management = management == null ? Management.Managed : management;
        podTemplate = podTemplate == null ? PodTemplate.NONE : podTemplate;
    }

    public boolean hibernated() {
        return lifecycle == Lifecycle.Hibernated;
    }

    public boolean paused() {
        return management == Management.Paused;
    }

    public boolean downgradeAllowed() {
        return unsafe != null && Boolean.TRUE.equals(unsafe.allowDowngrade());
    }

    public boolean unfitStorageAllowed() {
        return unsafe != null && Boolean.TRUE.equals(unsafe.allowUnfitStorage());
    }

    public boolean fsyncDisabled() {
        return unsafe != null && Boolean.TRUE.equals(unsafe.fsyncDisabled());
    }
}

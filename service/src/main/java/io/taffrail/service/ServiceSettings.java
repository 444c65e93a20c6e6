package io.taffrail.service;

import static io.taffrail.service.DurationConverter.text;

import io.netty.util.internal.PlatformDependent;
import io.taffrail.replication.ReplicaConfig;
import io.taffrail.replication.ReplicaSettings;
import io.taffrail.replication.ScrubConfig;
import io.taffrail.service.accept.OpenFiles;
import io.taffrail.service.control.SettingsBounds;
import io.taffrail.service.control.SettingsBounds.Bounds;
import io.taffrail.service.control.TailMemory;
import io.taffrail.service.rpc.HostPort;
import io.taffrail.service.rpc.RpcLimits;
import io.taffrail.streams.CommitMode;
import io.taffrail.streams.Durability;
import io.taffrail.streams.ReplicationMode;
import io.taffrail.streams.StreamSettings;
import io.taffrail.wal.WalConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What [ServiceConfig] says, checked: every bound and every relation between two settings. Those that ApplySettings
/// has to know, too, are in [SettingsBounds] and [TailMemory]. All problems are told at once.
public record ServiceSettings(
        Path dataDirectory,
        ClusterMode clusterMode,
        List<Voter> voters,
        RpcLimits rpcLimits,
        int clientConnections,
        ReplicaSettings replicaSettings,
        WalConfig wal,
        IoChoice ioMethod,
        Optional<TlsFiles> tls) {
    public enum ClusterMode {
        SINGLE,
        STATIC,
        MANAGED
    }

    public enum IoChoice {
        AUTO,
        SYNC,
        WORKER,
        IO_URING,
        POSIX_AIO
    }

    public record TlsFiles(Path certificate, Path key, Optional<Path> ca, boolean clientAuth) {}

    private static final Duration NONE = Duration.ZERO;
    private static final long BLOCK_BYTES = 4096;
    /// A quarter of the heap is for requests, whatever the setting.
    private static final int HEAP_FOR_REQUESTS = 4;

    static final int REQUEST_MEMORY_MEBIBYTES = 256;
    private static final long REQUEST_MEMORY_BYTES = (long) REQUEST_MEMORY_MEBIBYTES << 20;
    /// An eighth is for what the network may bring before anybody looks at it.
    private static final int HEAP_FOR_WINDOWS = 8;
    /// An eighth is for what clients have not read yet.
    private static final int HEAP_FOR_ANSWERS = 8;
    /// On its way out it is copied to memory outside the heap.
    private static final int DIRECT_FOR_ANSWERS = 4;
    /// Room in a request for what is not records.
    private static final long REQUEST_OVERHEAD_BYTES = 64 << 10;
    /// Room in a log entry for its header and the records' prefix.
    private static final long ENTRY_OVERHEAD_BYTES = 4 << 10;

    /// Clients send no more unless they are told to. It is taken in whole also where less is allowed: the refusal of a
    /// request that was read names it, that of its length alone ends the call and all others on it.
    private static final long USUAL_BATCH_BYTES = 8 << 20;

    private static final long LARGEST_BATCH_BYTES = WalConfig.MAX_ENTRY_BYTES - ENTRY_OVERHEAD_BYTES;

    /// Throws [ConfigRefusedException].
    public static ServiceSettings of(ServiceConfig config) {
        return of(config, OpenFiles.ofThisProcess(), PlatformDependent.estimateMaxDirectMemory());
    }

    /// @param directBytes what the JVM allows outside its heap
    static ServiceSettings of(ServiceConfig config, OpenFiles openFiles, long directBytes) {
        return new Check(config, openFiles, directBytes).settings();
    }

    /// The bounds of each setting that has some, as a refusal tells them. Where they depend on another setting it has
    /// its value in `defaults`.
    static Map<String, Set<String>> bounds(ServiceConfig defaults) {
        var check = new Check(defaults, new OpenFiles(Long.MAX_VALUE, 1), Long.MAX_VALUE);
        var _ = check.settings();
        return check.bounds;
    }

    public ReplicaConfig replicaConfig(ServiceConfig config, String peerAddress, String clientAddress) {
        var election = config.election();
        return new ReplicaConfig(
                config.nodeId(),
                peerAddress,
                clientAddress,
                wal,
                replicaSettings,
                election.heartbeat().toNanos(),
                election.timeoutMin().toNanos(),
                election.timeoutMax().toNanos(),
                election.syncTimeout().toNanos(),
                election.amnesiaWait().toNanos(),
                election.asyncRecovery().equalsIgnoreCase("Consistent"),
                config.storage().stallTimeout().toNanos(),
                config.limits().inboxBytes(),
                new ScrubConfig(
                        config.scrub().bytesPerSecond(),
                        config.scrub().interval().toNanos()),
                false);
    }

    private static long mostRequestBytes() {
        return Runtime.getRuntime().maxMemory() / HEAP_FOR_REQUESTS;
    }

    /// What was asked for and is less; null: nothing.
    public @Nullable String curtailed(ServiceConfig config) {
        var asked = config.limits().requestMemory().orElse(0L);
        return asked <= rpcLimits.memoryBytes()
                ? null
                : "taffrail.limits.request-memory is " + asked + ", and a quarter of the heap is less: "
                        + rpcLimits.memoryBytes() + " is used";
    }

    private static final class Check {
        private final ServiceConfig config;
        private final OpenFiles openFiles;
        private final long directBytes;
        private final List<String> problems = new ArrayList<>();
        /// What was checked, by setting.
        private final Map<String, Set<String>> bounds = new HashMap<>();

        Check(ServiceConfig config, OpenFiles openFiles, long directBytes) {
            this.config = config;
            this.openFiles = openFiles;
            this.directBytes = directBytes;
        }

        ServiceSettings settings() {
            var mode = one("cluster.mode", config.cluster().mode(), ClusterMode.class);
            var voters = voters(mode);
            addresses();
            elections();
            checkReplica();
            checkWal();
            checkScrub();
            checkLimits();
            var io = one("io.method", config.io().method(), IoChoice.class);
            var tls = tls();
            if (problems.isEmpty()) {
                checkDirectMemory(wal());
            }
            if (!problems.isEmpty()) {
                throw new ConfigRefusedException(problems);
            }
            return new ServiceSettings(
                    Path.of(config.dataDir()), mode, voters, limits(), connections(), replica(), wal(), io, tls);
        }

        private List<Voter> voters(ClusterMode mode) {
            between("node-id", config.nodeId(), 0, 1_000_000);
            var written = config.cluster().voters().orElse(List.of());
            if (mode != ClusterMode.STATIC) {
                allow(
                        written.isEmpty(),
                        "cluster.voters",
                        String.join(",", written),
                        "only with taffrail.cluster.mode=static");
                return List.of();
            }
            var voters = new ArrayList<Voter>();
            for (var text : written) {
                try {
                    voters.add(Voter.parse(text));
                } catch (IllegalArgumentException malformed) {
                    problems.add("taffrail.cluster.voters: " + malformed.getMessage());
                }
            }
            if (voters.stream().map(Voter::nodeId).distinct().count() != voters.size()) {
                refuse("cluster.voters", String.join(",", written), "each id once");
            }
            if (voters.size() == written.size()
                    && voters.stream().noneMatch(voter -> voter.nodeId() == config.nodeId())) {
                refuse(
                        "cluster.voters",
                        String.join(",", written),
                        "a list with this replica in it, taffrail.node-id=" + config.nodeId());
            }
            return List.copyOf(voters);
        }

        private void addresses() {
            between("port", config.port(), 0, 65_535);
            between("peer.port", config.peer().port(), 0, 65_535);
            address("advertised-address", config.advertisedAddress());
            address("peer.advertised-address", config.peer().advertisedAddress());
        }

        private void address(String name, Optional<String> value) {
            allow(value.isEmpty() || HostPort.parse(value.get()) != null, name, value.orElse(""), HostPort.ALLOWED);
        }

        private void elections() {
            var election = config.election();
            var heartbeatFits =
                    between("election.heartbeat", election.heartbeat(), Duration.ofMillis(10), Duration.ofSeconds(10));
            between("election.timeout-min", election.timeoutMin(), Duration.ofMillis(50), Duration.ofMinutes(1));
            between("election.timeout-max", election.timeoutMax(), Duration.ofMillis(50), Duration.ofMinutes(2));
            between("election.sync-timeout", election.syncTimeout(), Duration.ofMillis(20), Duration.ofMinutes(1));
            between("election.amnesia-wait", election.amnesiaWait(), NONE, Duration.ofHours(24));
            between(
                    "storage.stall-timeout",
                    config.storage().stallTimeout(),
                    Duration.ofMillis(100),
                    Duration.ofMinutes(10));
            oneOf("election.async-recovery", election.asyncRecovery(), "Available", "Consistent");
            // Three of the longest duration are none any more.
            if (heartbeatFits
                    && election.timeoutMin().compareTo(election.heartbeat().multipliedBy(3)) < 0) {
                problems.add("taffrail.election.timeout-min is " + text(election.timeoutMin())
                        + " and taffrail.election.heartbeat is " + text(election.heartbeat())
                        + ": allowed is a timeout of at least 3 heartbeats");
            }
            if (election.timeoutMax().compareTo(election.timeoutMin()) <= 0) {
                problems.add("taffrail.election.timeout-max is " + text(election.timeoutMax())
                        + " and taffrail.election.timeout-min is " + text(election.timeoutMin())
                        + ": allowed is a maximum above the minimum, so that not all stand at once");
            }
        }

        private void checkReplica() {
            var limits = config.limits();
            between("writer-delay", config.writerDelay(), SettingsBounds.WRITER_DELAY);
            between("group-commit.delay", config.groupCommit().delay(), SettingsBounds.GROUP_COMMIT_DELAY);
            var siblings = SettingsBounds.GROUP_COMMIT_SIBLINGS;
            between("group-commit.siblings", config.groupCommit().siblings(), siblings.least(), siblings.most());
            sizeBetween("limits.pending-bytes", limits.pendingBytes(), SettingsBounds.PENDING_BYTES);
            sizeBetween("limits.inbox-bytes", limits.inboxBytes(), 1 << 20, 8L << 30);
            sizeBetween(
                    "limits.replication-lag-bytes", limits.replicationLagBytes(), SettingsBounds.REPLICATION_LAG_BYTES);
            between("limits.replication-lag-age", limits.replicationLagAge(), SettingsBounds.REPLICATION_LAG_AGE);
            between("retention.age", config.retention().age(), SettingsBounds.RETENTION_AGE);
            oneOf("limits.on-full", limits.onFull(), "Wait", "Reject");
            var durability = durability("", config.commitMode(), config.replicationMode());
            var minimum = durability(
                    "minimum.", config.minimum().commitMode(), config.minimum().replicationMode());
            if (!durability.covers(minimum)) {
                problems.add("taffrail.commit-mode and taffrail.replication-mode are " + config.commitMode() + " and "
                        + config.replicationMode() + ": allowed is nothing below taffrail.minimum.commit-mode and"
                        + " taffrail.minimum.replication-mode, "
                        + config.minimum().commitMode() + " and "
                        + config.minimum().replicationMode());
            }
        }

        /// Only of what was checked: the values below refuse by themselves, and one at a time.
        private ReplicaSettings replica() {
            var limits = config.limits();
            var durability = durability("", config.commitMode(), config.replicationMode());
            var minimum = durability(
                    "minimum.", config.minimum().commitMode(), config.minimum().replicationMode());
            return new ReplicaSettings(
                    config.settingsGeneration(),
                    new StreamSettings(
                            durability,
                            minimum,
                            config.retention().age().toMillis(),
                            config.retention().bytes()),
                    config.writerDelay().toNanos(),
                    config.groupCommit().delay().toNanos(),
                    config.groupCommit().siblings(),
                    (int) Math.min(Integer.MAX_VALUE, limits.pendingBytes()),
                    limits.replicationLagBytes(),
                    limits.replicationLagAge().toNanos(),
                    limits.onFull().equalsIgnoreCase("Reject"));
        }

        private Durability durability(String prefix, String commitMode, String replicationMode) {
            return new Durability(
                    one(prefix + "commit-mode", commitMode, CommitMode.class),
                    one(prefix + "replication-mode", replicationMode, ReplicationMode.class));
        }

        private void checkWal() {
            var storage = config.storage();
            sizeBetween("storage.segment-bytes", storage.segmentBytes(), 1 << 20, 1 << 30);
            allow(
                    storage.segmentBytes() % BLOCK_BYTES == 0,
                    "storage.segment-bytes",
                    ByteSizeConverter.text(storage.segmentBytes()),
                    "a multiple of " + ByteSizeConverter.text(BLOCK_BYTES));
            sizeBetween("storage.reserve-bytes", storage.reserveBytes(), 0, 1L << 40);
            sizeBetween("storage.tail-cache-bytes", storage.tailCacheBytes(), 1 << 20, 2_000_000_000);
        }

        private void checkScrub() {
            var scrub = config.scrub();
            var rate = scrub.bytesPerSecond();
            allow(
                    rate == 0 || (rate >= ScrubConfig.MIN_BYTES_PER_SECOND && rate <= ScrubConfig.MAX_BYTES_PER_SECOND),
                    "scrub.bytes-per-second",
                    ByteSizeConverter.text(rate),
                    "0, or " + ByteSizeConverter.text(ScrubConfig.MIN_BYTES_PER_SECOND) + " to "
                            + ByteSizeConverter.text(ScrubConfig.MAX_BYTES_PER_SECOND));
            between("scrub.interval", scrub.interval(), Duration.ofSeconds(1), Duration.ofDays(365));
        }

        private WalConfig wal() {
            var storage = config.storage();
            return new WalConfig(
                    (int) Math.min(Integer.MAX_VALUE, storage.segmentBytes()),
                    config.writerDelay().toNanos(),
                    config.groupCommit().delay().toNanos(),
                    config.groupCommit().siblings(),
                    (int) Math.min(Integer.MAX_VALUE, config.limits().pendingBytes()),
                    (int) Math.min(Integer.MAX_VALUE, storage.tailCacheBytes()),
                    storage.reserveBytes(),
                    config.unsafe().fsyncDisabled());
        }

        /// The memory of the log's tail is taken at the start, and then there must be some left.
        private void checkDirectMemory(WalConfig wal) {
            var tooLittle = new TailMemory(wal, directBytes).refusalOfStart();
            if (tooLittle != null) {
                problems.add(tooLittle + " with taffrail.storage.tail-cache-bytes " + wal.tailCacheBytes()
                        + ", taffrail.limits.pending-bytes " + wal.pendingBytes()
                        + " and taffrail.storage.segment-bytes " + wal.segmentBytes());
            }
        }

        private void checkLimits() {
            var limits = config.limits();
            sizeBetween("limits.batch-bytes", limits.batchBytes(), 4 << 10, LARGEST_BATCH_BYTES);
            between("limits.batch-records", limits.batchRecords(), 1, 10_000_000);
            sizeBetween("limits.record-bytes", limits.recordBytes(), 1, limits.batchBytes());
            var requestMemory = limits.requestMemory().orElse(REQUEST_MEMORY_BYTES);
            sizeBetween("limits.request-memory", requestMemory, 1 << 20, 1L << 40);
            sizeBetween("limits.connection-memory", limits.connectionMemory(), 64 << 10, requestMemory);
            between("limits.connection-requests", limits.connectionRequests(), 1, 10_000_000);
            checkConnections();
            between("limits.calls-per-connection", limits.callsPerConnection(), 1, 1_000_000);
            sizeBetween("limits.header-bytes", limits.headerBytes(), 1 << 10, 1 << 20);
            between(
                    "limits.partial-request-timeout",
                    limits.partialRequestTimeout(),
                    Duration.ofMillis(100),
                    Duration.ofHours(1));
            between("limits.idle-timeout", limits.idleTimeout(), Duration.ofSeconds(1), Duration.ofDays(1));
            between("limits.ping-interval", limits.pingInterval(), Duration.ofMillis(100), Duration.ofHours(1));
            sizeBetween("limits.read-response-bytes", limits.readResponseBytes(), 4 << 10, 16 << 20);
            between("limits.readers", limits.readers(), 1, 10_000_000);
            between("stop.timeout", config.stop().timeout(), Duration.ofSeconds(1), Duration.ofMinutes(10));
        }

        private void checkConnections() {
            if (openFiles.clients() < OpenFiles.LEAST_CLIENTS) {
                problems.add("the limit on open files (ulimit -n) is " + openFiles.limit() + ": allowed is at least "
                        + (openFiles.kept() + OpenFiles.LEAST_CLIENTS));
                return;
            }
            config.limits().connections().ifPresent(connections -> {
                if (connections < 1 || connections > openFiles.clients()) {
                    refuse(
                            "limits.connections",
                            String.valueOf(connections),
                            "1 to " + openFiles.clients() + " while the limit on open files (ulimit -n) is "
                                    + openFiles.limit());
                }
            });
        }

        private int connections() {
            return config.limits().connections().orElse((int) Math.min(OpenFiles.MOST_CLIENTS, openFiles.clients()));
        }

        private RpcLimits limits() {
            var limits = config.limits();
            return new RpcLimits(
                    (int) Math.min(LARGEST_BATCH_BYTES, Math.max(USUAL_BATCH_BYTES, limits.batchBytes()))
                            + (int) REQUEST_OVERHEAD_BYTES,
                    limits.partialRequestTimeout().toMillis(),
                    limits.headerBytes().intValue(),
                    limits.callsPerConnection(),
                    limits.idleTimeout().toMillis(),
                    limits.pingInterval().toMillis(),
                    RpcLimits.PINGS_PER_WINDOW,
                    RpcLimits.STREAM_WINDOW_BYTES,
                    RpcLimits.CONNECTION_WINDOW_BYTES,
                    RpcLimits.WINDOW_UPDATE_RATIO,
                    Runtime.getRuntime().maxMemory() / HEAP_FOR_WINDOWS,
                    RpcLimits.FRAME_BYTES,
                    limits.connectionMemory(),
                    limits.connectionRequests(),
                    // A heap that requests could fill would leave the collector nothing but itself to work for.
                    Math.min(limits.requestMemory().orElse(REQUEST_MEMORY_BYTES), mostRequestBytes()),
                    Math.min(Runtime.getRuntime().maxMemory() / HEAP_FOR_ANSWERS, directBytes / DIRECT_FOR_ANSWERS),
                    RpcLimits.UNREAD_MILLIS);
        }

        private Optional<TlsFiles> tls() {
            var tls = config.tls();
            between("tls.reload-interval", tls.reloadInterval(), Duration.ofMillis(100), Duration.ofDays(1));
            if (tls.certificate().isPresent() != tls.key().isPresent()) {
                problems.add("taffrail.tls.certificate is " + tls.certificate().orElse("not set")
                        + " and taffrail.tls.key is " + tls.key().orElse("not set") + ": allowed are both or none");
                return Optional.empty();
            }
            allow(!tls.clientAuth() || tls.ca().isPresent(), "tls.client-auth", "true", "only with taffrail.tls.ca");
            if (tls.certificate().isEmpty()) {
                allow(
                        tls.ca().isEmpty(),
                        "tls.ca",
                        tls.ca().orElse(""),
                        "only with taffrail.tls.certificate and taffrail.tls.key");
                return Optional.empty();
            }
            return Optional.of(new TlsFiles(
                    Path.of(tls.certificate().get()),
                    Path.of(tls.key().orElseThrow()),
                    tls.ca().map(Path::of),
                    tls.clientAuth()));
        }

        private <E extends Enum<E>> E one(String name, String value, Class<E> type) {
            var constants = List.of(type.getEnumConstants());
            var wanted = value.replace("_", "").replace("-", "");
            var meant = constants.stream()
                    .filter(constant -> constant.name().replace("_", "").equalsIgnoreCase(wanted))
                    .findFirst();
            allow(
                    meant.isPresent(),
                    name,
                    value,
                    constants.stream()
                            .map(constant -> camelCase(constant.name()))
                            .collect(Collectors.joining(", ")));
            return meant.orElse(constants.getFirst());
        }

        private static String camelCase(String constant) {
            var text = new StringBuilder();
            for (var word : constant.split("_", -1)) {
                text.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
            }
            return text.toString();
        }

        private void oneOf(String name, String value, String... words) {
            allow(
                    Arrays.stream(words).anyMatch(word -> word.equalsIgnoreCase(value)),
                    name,
                    value,
                    String.join(", ", words));
        }

        private void between(String name, long value, long least, long most) {
            allow(value >= least && value <= most, name, Long.toString(value), least + " to " + most);
        }

        private void sizeBetween(String name, long value, long least, long most) {
            allow(
                    value >= least && value <= most,
                    name,
                    ByteSizeConverter.text(value),
                    ByteSizeConverter.text(least) + " to " + ByteSizeConverter.text(most));
        }

        private void sizeBetween(String name, long value, Bounds<Long> bounds) {
            sizeBetween(name, value, bounds.least(), bounds.most());
        }

        private void between(String name, Duration value, Bounds<Duration> bounds) {
            var _ = between(name, value, bounds.least(), bounds.most());
        }

        private boolean between(String name, Duration value, Duration least, Duration most) {
            var fits = value.compareTo(least) >= 0 && value.compareTo(most) <= 0;
            allow(fits, name, text(value), text(least) + " to " + text(most));
            return fits;
        }

        private void allow(boolean fits, String name, String value, String bound) {
            bounds.computeIfAbsent(ServiceConfig.PREFIX + "." + name, _ -> new LinkedHashSet<>())
                    .add(bound);
            if (!fits) {
                refuse(name, value, bound);
            }
        }

        private void refuse(String name, String value, String bound) {
            problems.add(ServiceConfig.PREFIX + "." + name + " is " + value + ": allowed is " + bound);
        }
    }
}

package io.taffrail.acceptance;

import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientConfig;
import io.taffrail.client.LogClientException;
import io.taffrail.client.RetryPolicy;
import io.taffrail.client.Tls;
import io.taffrail.proto.control.Integrity;
import io.taffrail.proto.control.ReplicaStatus;
import io.taffrail.proto.control.State;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Replicas as processes on this machine, each on a loopback address of its own where the system has more than one.
final class LocalCluster implements AutoCloseable {
    /// For tests that say that nobody is elected: on a machine that is busy with a build, processes of three JVMs now
    /// and then get no time for as long as the default timeout.
    static final String[] PATIENT = {"-D", "taffrail.election.timeout-min=4s", "-D", "taffrail.election.timeout-max=6s"
    };
    /// Longer than any of those timeouts.
    static final long LONGER_THAN_PATIENCE_SECONDS = 8;
    static final List<String> QUICK_AND_SMALL =
            Stream.concat(Programs.QUICK.stream(), Stream.of("-Xmx384m")).toList();
    private static final Duration LIMIT = Duration.ofMinutes(5);
    // A replica that is stopped or cut off must not hold up who asks all of them.
    private static final RetryPolicy IMPATIENT = new RetryPolicy(
            Duration.ofMillis(20), Duration.ofMillis(200), Duration.ofSeconds(1), Duration.ofSeconds(30));

    private final List<ServiceProcess> replicas;
    private final LogClient observer;
    private final Standstills standstills;
    private final @Nullable Tls tls;

    LocalCluster(Path folder, int size, String... options) {
        this(onLoopback(folder, size), options);
    }

    LocalCluster(List<ServiceProcess> replicas, String... options) {
        this(replicas, null, options);
    }

    /// @param tls of clients; what the replicas need for it is the caller's to set
    LocalCluster(Path folder, int size, Tls tls, String... options) {
        this(onLoopback(folder, size), tls, options);
    }

    private LocalCluster(List<ServiceProcess> replicas, @Nullable Tls tls, String... options) {
        this.replicas = List.copyOf(replicas);
        this.tls = tls;
        know(ServiceProcess::peerAddress, options);
        observer = client(IMPATIENT);
        standstills = new Standstills(replicas.getFirst().folder());
    }

    private static List<ServiceProcess> onLoopback(Path folder, int size) {
        var replicas = new ArrayList<ServiceProcess>();
        for (var id = 0; id < size; id++) {
            var host = host(id);
            replicas.add(new ServiceProcess(
                            host, folder.resolve("replica-" + id), Ports.free(host), Ports.free(host), Ports.free(host))
                    .jvmOptions(QUICK_AND_SMALL));
        }
        return replicas;
    }

    /// @param peerAddress where the others reach a replica, which a proxy may stand in front of
    LocalCluster know(Function<ServiceProcess, String> peerAddress, String... options) {
        var voters = new ArrayList<String>();
        for (var id = 0; id < replicas.size(); id++) {
            var replica = replicas.get(id);
            voters.add(id + "=" + peerAddress.apply(replica) + "/" + replica.address());
        }
        for (var id = 0; id < replicas.size(); id++) {
            var all = new ArrayList<>(List.of("--node-id", String.valueOf(id), "--voters", String.join(",", voters)));
            all.addAll(List.of(options));
            replicas.get(id).options(all);
        }
        return this;
    }

    LocalCluster jvmOptions(List<String> options) {
        replicas.forEach(replica -> replica.jvmOptions(options));
        return this;
    }

    /// Returns once it serves; one that does not is ended, since nobody has it yet who would.
    LocalCluster start() throws IOException, InterruptedException {
        try {
            for (var replica : replicas) {
                replica.begin();
            }
            for (var replica : replicas) {
                replica.awaitReady();
            }
            awaitHealthy();
        } catch (Throwable neverHealthy) {
            close();
            throw neverHealthy;
        }
        return this;
    }

    Standstills standstills() {
        return standstills;
    }

    List<ServiceProcess> replicas() {
        return replicas;
    }

    ServiceProcess replica(int id) {
        return replicas.get(id);
    }

    List<ServiceProcess> without(ServiceProcess one) {
        return replicas.stream().filter(replica -> replica != one).toList();
    }

    String addresses() {
        return String.join(",", replicas.stream().map(ServiceProcess::address).toList());
    }

    LogClient client() {
        return client(RetryPolicy.DEFAULTS.withTotalTimeout(LIMIT));
    }

    private LogClient client(RetryPolicy retry) {
        var endpoints = replicas.stream()
                .map(replica -> Endpoint.parse(replica.address()))
                .toList();
        return new LogClient(new LogClientConfig(endpoints, tls, retry, LogClientConfig.DEFAULT_MAX_RESPONSE_BYTES));
    }

    /// Empty: it does not answer.
    Optional<ReplicaStatus> status(ServiceProcess replica) {
        try {
            return Optional.of(observer.status(Endpoint.parse(replica.address())));
        } catch (LogClientException silent) {
            return Optional.empty();
        }
    }

    /// A replica that says that it leads, and its word.
    record Leader(ServiceProcess replica, ReplicaStatus status) {
        long epoch() {
            return status.getEpoch();
        }
    }

    /// The open leader of the newest epoch among those that answer.
    Optional<Leader> leader() {
        return replicas.stream()
                .map(replica -> status(replica).map(status -> new Leader(replica, status)))
                .flatMap(Optional::stream)
                .filter(leader -> leader.status().getState() == State.STATE_LEADER)
                .max((one, other) -> Long.compareUnsigned(one.epoch(), other.epoch()));
    }

    Leader awaitLeader() throws InterruptedException {
        var found = new AtomicReference<Optional<Leader>>(Optional.empty());
        await("a replica leads", () -> {
            found.set(leader());
            return found.get().isPresent();
        });
        return found.get().orElseThrow();
    }

    /// All voters in sync and none with a gap in its memory, so that a fault is the only one.
    Leader awaitHealthy() throws InterruptedException {
        var found = new AtomicReference<Optional<Leader>>(Optional.empty());
        await("all are in sync", () -> {
            found.set(leader().filter(LocalCluster::isWhole));
            return found.get().isPresent();
        });
        return found.get().orElseThrow();
    }

    private static boolean isWhole(Leader leader) {
        var status = leader.status();
        return status.getAllVotersInSync()
                && status.getIntegrity() == Integrity.INTEGRITY_INTACT
                && status.getFollowersList().stream()
                        .allMatch(follower -> follower.getIntegrity() == Integrity.INTEGRITY_INTACT);
    }

    void await(String what, BooleanSupplier condition) throws InterruptedException {
        var deadlineNanos = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadlineNanos) {
                throw new AssertionError("not within " + LIMIT + ": " + what + "\n" + describe());
            }
            Thread.sleep(20);
        }
    }

    String describe() {
        var lines = new ArrayList<String>();
        for (var replica : replicas) {
            lines.add(replica.address() + ": "
                    + status(replica)
                            .map(status -> status.getState() + " epoch " + status.getEpoch() + ", "
                                    + status.getIntegrity() + ", flushed " + status.getFlushedLsn() + ", "
                                    + status.getStateDetail() + ", all in sync: " + status.getAllVotersInSync())
                            .orElse(replica.isRunning() ? "does not answer" : "is down"));
        }
        return String.join("\n", lines);
    }

    /// 127.0.0.1, 127.0.0.2, ... on Linux; elsewhere only the first is there.
    private static String host(int id) {
        var own = "127.0.0." + (id + 1);
        return Ports.isFree(own, 0) ? own : "127.0.0.1";
    }

    @Override
    public void close() {
        standstills.close();
        observer.close();
        replicas.forEach(ServiceProcess::close);
    }
}

package io.taffrail.service;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.TimeGauge;
import io.netty.util.internal.PlatformDependent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.Startup;
import io.quarkus.runtime.StartupEvent;
import io.taffrail.replication.CommandOutcome;
import io.taffrail.replication.Peer;
import io.taffrail.replication.Replica;
import io.taffrail.replication.ReplicaStatus;
import io.taffrail.service.accept.LimitingTransport;
import io.taffrail.service.accept.OpenFiles;
import io.taffrail.service.accept.PortLimit;
import io.taffrail.service.api.AppendLimits;
import io.taffrail.service.api.LogEndpoint;
import io.taffrail.service.control.ControlGrpcService;
import io.taffrail.service.control.TailMemory;
import io.taffrail.service.host.HostObserver;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.peer.PeerCalls;
import io.taffrail.service.peer.PeerClient;
import io.taffrail.service.peer.PeerServer;
import io.taffrail.service.rpc.AnswerBudget;
import io.taffrail.service.rpc.HostPort;
import io.taffrail.service.rpc.MemoryBudget;
import io.taffrail.service.rpc.RpcCall;
import io.taffrail.service.rpc.RpcServer;
import io.taffrail.service.telemetry.ConnectionMetrics;
import io.taffrail.service.telemetry.HealthChecks;
import io.taffrail.service.telemetry.OwnMeters;
import io.taffrail.service.telemetry.ProcessInfo;
import io.taffrail.service.telemetry.ReplicaMetrics;
import io.taffrail.service.telemetry.TrafficMetrics;
import io.taffrail.wal.WalException;
import io.taffrail.wal.io.DirectoryUnusableException;
import io.taffrail.wal.io.Errno;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Puts the process together and takes it apart: the one place that starts threads, opens ports and decides to exit.
/// Ports open first, so that a replica that reads its log for an hour can say so; the replica's thread opens the rest.
@Singleton
@Startup
public class ServiceWiring {
    private static final Logger LOG = Logger.getLogger("io.taffrail");
    private static final int READ_THREADS = readThreads(Runtime.getRuntime().availableProcessors());
    private static final int WORKER_THREADS = 8;
    /// A checkpoint, a scrub and two followers that catch up, without one waiting for another.
    private static final int BACKGROUND_THREADS = 4;
    private static final int MOST_EVENT_LOOPS = 8;
    private static final long PORT_TIMEOUT_SECONDS = 30;
    private static final long CONNECTION_GRACE_MILLIS = 500;
    private static final Duration LONGEST_MARKING = Duration.ofSeconds(2);

    private final ServiceConfig config;
    private final ServiceSettings settings;
    private final Vertx vertx;
    private final MeterRegistry registry;
    private final ProcessInfo info;
    private final ExecutorService readThreads = threads("read-", READ_THREADS);
    private final ExecutorService workers = threads("disk-", WORKER_THREADS);
    private final ExecutorService background = threads("background-", BACKGROUND_THREADS);
    private final AtomicReference<@Nullable ReplicaHost> hostReference = new AtomicReference<>();
    private final PeerCalls peerCalls = new PeerCalls(this::replica);
    private final PeerClient peerClient;
    private final ReplicaHost host;
    private final PortLimit clientLimit;
    private final PortLimit peerLimit = new PortLimit(OpenFiles.PEER_CONNECTIONS, "a fixed number, for replicas");
    private final PortLimit httpLimit =
            new PortLimit(OpenFiles.HTTP_CONNECTIONS, "a fixed number, for probes and metrics");
    private final AnswerBudget answers;
    private final RpcServer clientServer;
    private final RpcServer peerServer;
    private final @Nullable ServiceTls tls;
    private @Nullable Thread bootstrapThread;
    private volatile boolean stopping;
    private volatile boolean httpOpen;
    private final AtomicBoolean readyTold = new AtomicBoolean();

    @Inject
    public ServiceWiring(ServiceConfig config, Vertx vertx, MeterRegistry registry) {
        this.config = config;
        this.vertx = vertx;
        this.registry = registry;
        settings = ServiceSettings.of(config);
        info = new ProcessInfo(Version.current(), config.unsafe().fsyncDisabled());
        tls = settings.tls().map(this::tls).orElse(null);
        peerClient = new PeerClient(
                vertx, config.nodeId(), tls == null ? null : tls.callsToPeers(), this::replica, peerCalls);
        host = new ReplicaHost(
                config.nodeId(),
                new LogStorage(settings.dataDirectory(), config.io().direct(), settings.ioMethod(), workers, info),
                background,
                peerClient,
                new SplittableRandom(new SecureRandom().nextLong()),
                RpcServer::eventLoopOfThisThread,
                new Exits());
        hostReference.set(host);
        clientLimit = new PortLimit(
                settings.clientConnections(),
                config.limits().connections().isPresent()
                        ? "taffrail.limits.connections"
                        : "what the limit on open files, ulimit -n, leaves for clients, and %s at most"
                                .formatted(OpenFiles.MOST_CLIENTS));
        answers = new AnswerBudget(settings.rpcLimits().answersBytes());
        clientServer = new RpcServer(
                vertx,
                settings.rpcLimits(),
                new MemoryBudget(settings.rpcLimits().memoryBytes()),
                answers,
                clientLimit);
        peerServer = new RpcServer(
                vertx,
                settings.rpcLimits().forPeers(),
                new MemoryBudget(Long.MAX_VALUE),
                new AnswerBudget(Long.MAX_VALUE),
                peerLimit);
    }

    private static int readThreads(int processors) {
        return Math.max(4, 2 * processors);
    }

    /// Of its pools, which are all there from the start.
    static int ownThreads(int processors) {
        return readThreads(processors) + WORKER_THREADS + BACKGROUND_THREADS;
    }

    private ServiceTls tls(ServiceSettings.TlsFiles files) {
        try {
            return new ServiceTls(vertx, files);
        } catch (IOException unusable) {
            throw new UncheckedIOException("taffrail.tls: " + unusable.getMessage(), unusable);
        }
    }

    private @Nullable Replica replica() {
        var started = hostReference.get();
        return started == null ? null : started.replica();
    }

    private boolean peersAuthenticate() {
        return settings.tls().flatMap(ServiceSettings.TlsFiles::ca).isPresent();
    }

    @Produces
    @Singleton
    ReplicaHost replicaHost() {
        return host;
    }

    void start(@Observes StartupEvent event) {
        warnings();
        OwnMeters.removeFrom(registry);
        var metrics = new ReplicaMetrics(registry, host);
        host.observe(metrics);
        host.observe(new Progress());
        var limits = config.limits();
        new LogEndpoint(
                        host,
                        info,
                        new TrafficMetrics(registry),
                        new AppendLimits(
                                limits.batchBytes().intValue(),
                                limits.batchRecords(),
                                limits.recordBytes().intValue()),
                        limits.readResponseBytes().intValue(),
                        limits.readers(),
                        readThreads)
                .register(clientServer);
        new ControlGrpcService(host, info, new TailMemory(settings.wal(), PlatformDependent.estimateMaxDirectMemory()))
                .register(clientServer);
        new PeerServer(host, this::authentic, peerCalls).register(peerServer);
        Gauge.builder("taffrail.unread.answers.bytes", answers, AnswerBudget::heldBytes)
                .description("Memory of answers that clients have not read")
                .register(registry);
        Gauge.builder("taffrail.unread.answers.limit.bytes", answers, AnswerBudget::limitBytes)
                .description("How much it may be")
                .register(registry);
        ConnectionMetrics.register(registry, "clients", clientLimit);
        ConnectionMetrics.register(registry, "peers", peerLimit);
        ConnectionMetrics.register(registry, "http", httpLimit);
        LimitingTransport.of(vertx).limitOthers(httpLimit);
        var encryption = tls;
        if (encryption != null) {
            TimeGauge.builder(
                            "taffrail.tls.certificate.expiry",
                            encryption,
                            TimeUnit.SECONDS,
                            used -> used.expiresIn(Instant.now()).toSeconds())
                    .description("Until the certificate in use expires")
                    .register(registry);
        }
        var clientPort = opened("--port", config.listen(), config.port(), clientServer, false);
        var peerHost = config.peer().listen().orElse(config.listen());
        var peerPort = opened("--peer-port", peerHost, config.peer().port(), peerServer, true);
        var clientAddress = config.advertisedAddress().orElse(reachable(config.listen()) + ":" + clientPort);
        var peerAddress = config.peer().advertisedAddress().orElse(reachable(peerHost) + ":" + peerPort);
        watchTls();
        var replicaConfig = settings.replicaConfig(config, peerAddress, clientAddress);
        // Even the catching of what ends it takes classes, and so memory.
        orEnd(() -> {
            var _ = Thread.ofPlatform()
                    .name("replica")
                    .uncaughtExceptionHandler((thread, cause) -> new Exits().broken(cause))
                    .start(() -> host.run(replicaConfig));
        });
    }

    private void warnings() {
        if (config.unsafe().fsyncDisabled()) {
            warn("taffrail.unsafe.fsync-disabled is true: a crash may corrupt the log, SYNC promises nothing");
        }
        var curtailed = settings.curtailed(config);
        if (curtailed != null) {
            warn(curtailed);
        }
        if (tls != null) {
            tls.warnIfExpired();
        }
        // Whoever started the process has allowed it: ServiceMain refuses it otherwise.
        var storage = UnfitStorage.of(settings.dataDirectory());
        if (storage != null) {
            warn("taffrail.unsafe.storage: " + storage);
        }
        if (settings.tls().isEmpty()
                && !config.listen().equals("127.0.0.1")
                && !config.listen().equals("localhost")) {
            warn("no TLS: anyone who reaches " + config.listen() + ":" + config.port() + " may append and read");
        }
    }

    private void warn(String warning) {
        info.warn(warning);
        LOG.warn(warning);
    }

    private Future<Integer> listen(RpcServer server, String listenHost, int port, boolean peers) {
        var portTls = tls == null ? null : peers ? tls.peerPort() : tls.clientPort();
        var loops = peers ? 1 : Math.min(MOST_EVENT_LOOPS, Runtime.getRuntime().availableProcessors());
        return server.listen(listenHost, port, loops, portTls);
    }

    private int opened(String option, String listenHost, int port, RpcServer server, boolean peers) {
        try {
            return await(listen(server, listenHost, port, peers));
        } catch (IllegalStateException refused) {
            throw new PortRefusedException(option, listenHost, Integer.toString(port), refused);
        }
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage().toCompletableFuture().get(PORT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a port was opened", interrupted);
        } catch (ExecutionException failed) {
            var cause = failed.getCause();
            throw new IllegalStateException(cause == null ? failed.getMessage() : cause.getMessage(), failed);
        } catch (TimeoutException late) {
            throw new IllegalStateException("not within " + PORT_TIMEOUT_SECONDS + " s", late);
        }
    }

    /// What to tell others of an address that is listened on.
    private static String reachable(String listenHost) {
        if (!listenHost.equals("0.0.0.0") && !listenHost.equals("::")) {
            return listenHost.indexOf(':') < 0 ? listenHost : "[" + listenHost + "]";
        }
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException unknown) {
            return "localhost";
        }
    }

    /// Whether the certificate of a peer names the host at which its node is known.
    private boolean authentic(int nodeId, RpcCall call) {
        if (!peersAuthenticate()) {
            return true;
        }
        var certificates = call.peerCertificates();
        if (certificates.isEmpty() || !(certificates.getFirst() instanceof X509Certificate leaf)) {
            return false;
        }
        var status = host.status();
        if (status == null) {
            return false;
        }
        for (var members : List.of(status.voters(), status.learners())) {
            for (var peer : members) {
                if (peer.nodeId() == nodeId) {
                    var address = HostPort.parse(peer.peerAddress());
                    return address != null && TlsMapping.names(leaf, address.host());
                }
            }
        }
        // A node that this replica does not know yet, perhaps because it knows nobody: the certificate is of our
        // authority, and the protocol decides the rest.
        return true;
    }

    private void watchTls() {
        if (tls != null) {
            vertx.setPeriodic(
                    config.tls().reloadInterval().toMillis(),
                    tick -> vertx.executeBlocking(() -> {
                        reloadTls();
                        return null;
                    }));
        }
    }

    /// Looks at the certificates now.
    void reloadTls() {
        if (tls != null) {
            tls.reload(peerClient);
        }
    }

    /// Bootstraps where that is this process's task, and says once that it serves.
    private final class Progress implements HostObserver {
        @Override
        public void opened() {
            switch (settings.clusterMode()) {
                case SINGLE -> bootstrapAlone();
                case STATIC ->
                    bootstrapThread = Thread.ofPlatform()
                            .name("bootstrap")
                            .daemon()
                            .start(new StaticBootstrap(settings.voters(), host, tls)::run);
                case MANAGED -> {
                    if (HealthChecks.waitsForBootstrap(host)) {
                        LOG.info("empty, and not in a cluster: waits for Bootstrap");
                    }
                }
            }
        }

        private void bootstrapAlone() {
            var status = host.status();
            var replica = host.replica();
            if (status == null || replica == null || status.clusterId() != null) {
                return;
            }
            var here = new Peer(status.nodeId(), status.storageId(), host.peerAddress(), host.clientAddress());
            replica.bootstrap(UUID.randomUUID(), List.of(here), outcome -> {
                if (!(outcome instanceof CommandOutcome.Done)) {
                    LOG.errorf("the replica could not make itself a cluster: %s", outcome);
                }
            });
        }

        @Override
        public void statusChanged(ReplicaStatus status) {
            tellReadyOnce();
        }
    }

    /// Quarkus opens the HTTP port after the start of the replica's thread, and only then is its number known.
    void httpOpened() {
        httpOpen = true;
        tellReadyOnce();
    }

    private void tellReadyOnce() {
        if (httpOpen && HealthChecks.ready(host) && readyTold.compareAndSet(false, true)) {
            background.execute(this::tellReady);
        }
    }

    private void tellReady() {
        var replica = host.replica();
        if (replica == null) {
            return;
        }
        var defaults = replica.settings().streams().durability();
        var http = httpAddress(ConfigProvider.getConfig());
        System.out.printf(
                "taffrail %s is ready: clients %s, replicas %s, health and metrics %s, data %s, io %s (%s), appends %s/%s"
                        + " by default%n",
                info.version(),
                host.clientAddress(),
                host.peerAddress(),
                http,
                settings.dataDirectory().toAbsolutePath(),
                info.ioMethod(),
                info.ioMethodReason(),
                defaults.commitMode(),
                defaults.replicationMode());
        System.out.flush();
        config.readyFile().ifPresent(file -> writeReadyFile(Path.of(file), http));
    }

    static String httpAddress(Config config) {
        return "http://" + reachable(config.getValue("quarkus.http.host", String.class)) + ":"
                + config.getValue("quarkus.http.port", String.class);
    }

    private void writeReadyFile(Path file, String http) {
        var lines = List.of(
                "client-address=" + host.clientAddress(),
                "peer-address=" + host.peerAddress(),
                "http-address=" + http,
                "pid=" + ProcessHandle.current().pid());
        try {
            // Whoever waits for the file must never see half of it.
            var written = file.resolveSibling(file.getFileName() + ".new");
            Files.write(written, lines);
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException unwritable) {
            LOG.errorf("the ready file %s cannot be written: %s", file, unwritable.getMessage());
        }
    }

    /// Not ready from here on; then the replica hands over and flushes, and only then do the ports close.
    void stop(@Observes ShutdownEvent event) {
        stopping = true;
        var bootstrapping = bootstrapThread;
        if (bootstrapping != null) {
            bootstrapping.interrupt();
        }
        var done = new CountDownLatch(1);
        host.shutdown(done::countDown);
        try {
            if (!done.await(config.stop().timeout().toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.errorf(
                        "not stopped within taffrail.stop.timeout, %s: leaves as a crash would",
                        config.stop().timeout());
            }
            await(clientServer.close(CONNECTION_GRACE_MILLIS).mapEmpty());
            await(peerServer.close(CONNECTION_GRACE_MILLIS).mapEmpty());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            OwnMeters.removeFrom(registry);
            peerClient.close();
            readThreads.shutdownNow();
            workers.shutdown();
            background.shutdown();
        }
        // A start that is taken back, because a port is taken for one, ServiceMain explains next.
        if (ServiceMain.ownsProcess() && ServiceMain.hasStarted()) {
            // After a signal the JVM ends with 143 whatever its hooks did, which to a supervisor is not a clean stop.
            Runtime.getRuntime().halt((done.getCount() == 0 ? ExitCode.STOPPED : ExitCode.FAILED).status());
        }
    }

    /// All there from the start: one that cannot be made is found out then, and not when something waits for it.
    /// An error there, such as the end of the memory outside the heap, leaves a job undone that somebody waits for,
    /// and nobody knows which: the process ends, as it does when its heap is full.
    private ExecutorService threads(String name, int count) {
        var made = Thread.ofPlatform()
                .name(name, 0)
                .daemon()
                .uncaughtExceptionHandler((thread, cause) -> {
                    if (cause instanceof Error) {
                        new Exits().broken(cause);
                    } else {
                        LOG.errorf(cause, "thread %s", thread.getName());
                    }
                })
                .factory();
        var pool = new ThreadPoolExecutor(count, count, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), made);
        orEnd(pool::prestartAllCoreThreads);
        return pool;
    }

    /// A thread that cannot be made ends the process here: what is thrown in a start makes Quarkus take the start back,
    /// which waits for ever where there is no thread to do it.
    private void orEnd(Runnable starting) {
        try {
            starting.run();
        } catch (OutOfMemoryError none) {
            new Exits().broken(none);
            throw none;
        }
    }

    private final class Exits implements ReplicaHost.Failures {
        @Override
        public void storageFailed(String message) {
            LOG.fatalf("the storage cannot be trusted any more, the process ends: %s", message);
            try {
                mark(message);
            } finally {
                // Also where there is no thread that could mark it.
                exit(ExitCode.STORAGE_FAILED);
            }
        }

        @Override
        public void halted(String message) {
            LOG.fatalf("what the protocol promises does not hold, the process ends: %s", message);
            exit(ExitCode.FAILED);
        }

        @Override
        public void broken(Throwable cause) {
            if (stopping) {
                LOG.warnf("while stopping: %s", cause.toString());
                return;
            }
            var code = ExitCode.FAILED;
            try {
                code = told(cause);
            } catch (Throwable untold) {
                // What ends the process may keep it from saying so, and it ends all the same.
            }
            exit(code);
        }

        private static ExitCode told(Throwable cause) {
            var noRoom = noRoom(cause);
            if (noRoom != null) {
                LOG.fatalf("the disk is full, the next start tries again: %s", noRoom);
                return ExitCode.NO_ROOM;
            }
            if (cause instanceof DirectoryUnusableException) {
                LOG.fatalf("the data directory cannot be used: %s", cause.getMessage());
                return ExitCode.DATA_DIRECTORY_IN_USE;
            }
            if (cause instanceof IOException || cause instanceof UncheckedIOException) {
                LOG.fatalf("the log cannot be opened: %s", cause.getMessage());
                return ExitCode.STORAGE_FAILED;
            }
            // A small file of which both copies are damaged is a bad entry, too.
            if (cause instanceof WalException.Unusable || cause instanceof WalException.BadEntry) {
                LOG.fatalf("the log cannot be used: %s", cause.getMessage());
                return ExitCode.STORAGE_FAILED;
            }
            if (cause instanceof OutOfMemoryError
                    && String.valueOf(cause.getMessage()).contains("native thread")) {
                LOG.fatalf(
                        "no thread can be made (ulimit -u, or pids.max of the control group), the process ends: %s",
                        cause.getMessage());
                return ExitCode.FAILED;
            }
            LOG.fatal("the replica stopped, the process ends", cause);
            return ExitCode.FAILED;
        }

        /// What there is no room for; null: it is no matter of room.
        private static @Nullable String noRoom(@Nullable Throwable cause) {
            return switch (cause) {
                case WalException.NoRoom full -> full.getMessage();
                case IOException refused when Errno.isNoRoom(refused) -> Errno.describe(refused);
                case UncheckedIOException unchecked -> noRoom(unchecked.getCause());
                case null, default -> null;
            };
        }

        /// The disk that has failed may never answer, and the process ends in any case.
        private void mark(String message) {
            var marking = Thread.ofPlatform().daemon().start(() -> {
                try {
                    new StorageFailures(settings.dataDirectory()).record(Instant.now(), message);
                } catch (IOException unwritable) {
                    LOG.warnf("the failure could not be marked: %s", unwritable.getMessage());
                }
            });
            try {
                marking.join(LONGEST_MARKING);
            } catch (InterruptedException ends) {
                Thread.currentThread().interrupt();
            }
        }

        /// At once: a shutdown that flushes would promise what can no longer be known.
        private void exit(ExitCode code) {
            Runtime.getRuntime().halt(code.status());
        }
    }
}

package io.taffrail.service;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Everything that can be set, as it is written: `taffrail.*` in a properties file, `TAFFRAIL_*` in the environment,
/// `-Dtaffrail.*`, or the options of `taffrail serve`. [ServiceSettings] checks it. An unknown key is refused.
@ConfigMapping(prefix = "taffrail")
public interface ServiceConfig {
    /// The folder that holds the log. One process at a time.
    @WithDefault("taffrail-data")
    String dataDir();

    @WithDefault("0")
    int nodeId();

    /// The interface that the client port is bound to.
    @WithDefault("127.0.0.1")
    String listen();

    /// Of the client service; 0 picks a free one.
    @WithDefault("9090")
    int port();

    /// host:port where clients reach this replica; by default the listening address.
    Optional<String> advertisedAddress();

    Peer peer();

    Cluster cluster();

    /// `Async` or `Sync`: default of streams that name none.
    @WithDefault("Sync")
    String commitMode();

    /// `Async`, `Quorum` or `All`: default of streams that name none.
    @WithDefault("Quorum")
    String replicationMode();

    Minimum minimum();

    /// Asynchronous appends are flushed this often; at most three times as much is ever at risk.
    @WithDefault("10ms")
    @WithConverter(DurationConverter.class)
    Duration writerDelay();

    GroupCommit groupCommit();

    Limits limits();

    Io io();

    Storage storage();

    Scrub scrub();

    Retention retention();

    Election election();

    Tls tls();

    Stop stop();

    Unsafe unsafe();

    /// Of the settings that can change while the process runs; the control service refuses older ones.
    @WithDefault("0")
    long settingsGeneration();

    /// Written once the replica serves: addresses and process id, one `name=value` a line.
    Optional<String> readyFile();

    interface Peer {
        /// The interface of the replication port; by default that of the client port.
        Optional<String> listen();

        @WithDefault("9091")
        int port();

        Optional<String> advertisedAddress();
    }

    interface Cluster {
        /// `single`: this process is the cluster and bootstraps itself. `static`: `voters` are the cluster, and the one
        /// with the lowest id bootstraps it. `managed`: waits for the control service's Bootstrap.
        @WithDefault("single")
        String mode();

        /// `ID=PEER_HOST:PORT/CLIENT_HOST:PORT`, comma separated, this replica included.
        Optional<List<String>> voters();
    }

    interface Minimum {
        @WithDefault("Async")
        String commitMode();

        @WithDefault("Async")
        String replicationMode();
    }

    interface GroupCommit {
        @WithDefault("0ms")
        @WithConverter(DurationConverter.class)
        Duration delay();

        @WithDefault("5")
        int siblings();
    }

    interface Limits {
        /// Appended and not flushed.
        @WithDefault("64Mi")
        @WithConverter(ByteSizeConverter.class)
        Long pendingBytes();

        /// Appends that wait for the replica's loop, or for room among the pending bytes.
        @WithDefault("64Mi")
        @WithConverter(ByteSizeConverter.class)
        Long inboxBytes();

        @WithDefault("16Mi")
        @WithConverter(ByteSizeConverter.class)
        Long replicationLagBytes();

        @WithDefault("1s")
        @WithConverter(DurationConverter.class)
        Duration replicationLagAge();

        /// `Wait` or `Reject`.
        @WithDefault("Wait")
        String onFull();

        /// Largest append request, its records' encoding included.
        @WithDefault("8Mi")
        @WithConverter(ByteSizeConverter.class)
        Long batchBytes();

        @WithDefault("100000")
        int batchRecords();

        @WithDefault("4Mi")
        @WithConverter(ByteSizeConverter.class)
        Long recordBytes();

        /// Requests that are being received or worked on, of all connections. By default 256Mi, or a quarter of the
        /// heap where that is less; a quarter is the most in any case.
        Optional<@WithConverter(ByteSizeConverter.class) Long> requestMemory();

        /// The same, of one connection.
        @WithDefault("32Mi")
        @WithConverter(ByteSizeConverter.class)
        Long connectionMemory();

        @WithDefault("20000")
        int connectionRequests();

        /// Of clients, whether they say anything or not. By default as many as the limit on open files leaves, and
        /// no more than 20,000.
        OptionalInt connections();

        @WithDefault("1000")
        int callsPerConnection();

        @WithDefault("16Ki")
        @WithConverter(ByteSizeConverter.class)
        Long headerBytes();

        /// How long a request may take to arrive once it began.
        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration partialRequestTimeout();

        @WithDefault("5m")
        @WithConverter(DurationConverter.class)
        Duration idleTimeout();

        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration pingInterval();

        /// Of one Read response.
        @WithDefault("256Ki")
        @WithConverter(ByteSizeConverter.class)
        Long readResponseBytes();

        /// Reads that may be open at once.
        @WithDefault("50000")
        int readers();
    }

    interface Io {
        /// `Auto`, `Sync`, `Worker`, `IoUring` or `PosixAio`.
        @WithDefault("Auto")
        String method();

        /// Past the page cache, where the file system can.
        @WithDefault("true")
        boolean direct();
    }

    interface Storage {
        @WithDefault("64Mi")
        @WithConverter(ByteSizeConverter.class)
        Long segmentBytes();

        /// Free space below which appends are refused.
        @WithDefault("256Mi")
        @WithConverter(ByteSizeConverter.class)
        Long reserveBytes();

        /// Newest bytes of the log that readers find in memory; at least the pending bytes.
        @WithDefault("96Mi")
        @WithConverter(ByteSizeConverter.class)
        Long tailCacheBytes();

        @WithDefault("5s")
        @WithConverter(DurationConverter.class)
        Duration stallTimeout();
    }

    interface Scrub {
        /// Closed segments are read so fast, to find what the disk has lost while another replica still has
        /// it. 0: they are not.
        @WithDefault("2Mi")
        @WithConverter(ByteSizeConverter.class)
        Long bytesPerSecond();

        /// From the beginning of one round over all of them to that of the next.
        @WithDefault("168h")
        @WithConverter(DurationConverter.class)
        Duration interval();
    }

    interface Retention {
        /// 0s: for ever.
        @WithDefault("0s")
        @WithConverter(DurationConverter.class)
        Duration age();

        /// 0: without limit.
        @WithDefault("0")
        @WithConverter(ByteSizeConverter.class)
        Long bytes();
    }

    interface Election {
        @WithDefault("100ms")
        @WithConverter(DurationConverter.class)
        Duration heartbeat();

        @WithDefault("1s")
        @WithConverter(DurationConverter.class)
        Duration timeoutMin();

        @WithDefault("2s")
        @WithConverter(DurationConverter.class)
        Duration timeoutMax();

        @WithDefault("500ms")
        @WithConverter(DurationConverter.class)
        Duration syncTimeout();

        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration amnesiaWait();

        /// `Available` or `Consistent`: whether to lead without a voter that may hold asynchronous appends.
        @WithDefault("Available")
        String asyncRecovery();
    }

    interface Tls {
        /// PEM files; both or none. They are read again when they change.
        Optional<String> certificate();

        Optional<String> key();

        /// Signs the certificates of clients and peers.
        Optional<String> ca();

        /// Clients need a certificate, too.
        @WithDefault("false")
        boolean clientAuth();

        /// The replication port is TLS with certificates on both sides whenever `ca` is set.
        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration reloadInterval();
    }

    interface Stop {
        /// How long handing over, flushing and closing may take before the process leaves all the same.
        @WithDefault("20s")
        @WithConverter(DurationConverter.class)
        Duration timeout();
    }

    interface Unsafe {
        /// A crash may then corrupt the log, not only shorten it.
        @WithDefault("false")
        @WithName("fsync-disabled")
        boolean fsyncDisabled();

        /// Takes a data directory on a file system that cannot keep what is written to it: memory, a container's layer,
        /// a network.
        @WithDefault("false")
        boolean storage();
    }
}

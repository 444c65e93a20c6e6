package io.taffrail.service;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithConverter;
import io.smallrye.config.WithDefault;
import io.taffrail.service.accept.OpenFiles;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Everything that can be set, as it is written: `taffrail.*` in a properties file, `TAFFRAIL_*` in the environment,
/// `-Dtaffrail.*`, or the options of `taffrail serve`. [ServiceSettings] checks it. An unknown key is refused.
///
/// [SettingsReference] makes docs/operating/settings.md of it.
@ConfigMapping(prefix = ServiceConfig.PREFIX)
public interface ServiceConfig {
    String PREFIX = "taffrail";

    @Setting("The folder that holds the log; one process at a time.")
    @WithDefault("taffrail-data")
    String dataDir();

    @Setting("This replica's number in its cluster; whoever takes over its log keeps it.")
    @WithDefault("0")
    int nodeId();

    @Setting("The interface that the client port is bound to.")
    @WithDefault("127.0.0.1")
    String listen();

    @Setting("Port of the client service; 0 picks a free one.")
    @WithDefault("9090")
    int port();

    @Setting("Where clients reach this replica; without it the listening address.")
    Optional<String> advertisedAddress();

    Peer peer();

    Cluster cluster();

    @Setting(value = "When one replica's copy counts, for streams that name nothing else.", live = true)
    @WithDefault("Sync")
    String commitMode();

    @Setting(
            value = "How many copies must count before an append is acknowledged, for streams that name nothing else.",
            live = true)
    @WithDefault("Quorum")
    String replicationMode();

    Minimum minimum();

    @Setting(
            value = "Asynchronous appends are flushed this often; at most three times as much is ever at risk.",
            live = true)
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

    @Setting("Of the settings that can change while the process runs; the control service refuses older ones.")
    @WithDefault("0")
    long settingsGeneration();

    @Setting("Written once the replica serves: addresses and process id, one `name=value` a line.")
    Optional<String> readyFile();

    interface Peer {
        @Setting("The interface that the replication port is bound to; without it that of the client port.")
        Optional<String> listen();

        @Setting("Port of the replication service; 0 picks a free one.")
        @WithDefault("9091")
        int port();

        @Setting("Where replicas reach this replica; without it the listening address.")
        Optional<String> advertisedAddress();
    }

    interface Cluster {
        @Setting("Single: this process is the cluster and bootstraps itself. Static: `cluster.voters` are the cluster,"
                + " and the one with the lowest id bootstraps it. Managed: waits for the control service's Bootstrap.")
        @WithDefault("Single")
        String mode();

        @Setting("`ID=PEER_HOST:PORT/CLIENT_HOST:PORT`, comma separated, this replica included.")
        Optional<List<String>> voters();
    }

    interface Minimum {
        @Setting(value = "No stream and no append may ask for less; nor may `commit-mode`.", live = true)
        @WithDefault("Async")
        String commitMode();

        @Setting(value = "No stream and no append may ask for less; nor may `replication-mode`.", live = true)
        @WithDefault("Async")
        String replicationMode();
    }

    interface GroupCommit {
        @Setting(value = "How long a flush waits for more appends that it can serve as well.", live = true)
        @WithDefault("0ms")
        @WithConverter(DurationConverter.class)
        Duration delay();

        @Setting(value = "A flush waits only if at least this many other appends are being committed.", live = true)
        @WithDefault("5")
        int siblings();
    }

    interface Limits {
        @Setting(value = "Appended and not flushed.", live = true)
        @WithDefault("64Mi")
        @WithConverter(ByteSizeConverter.class)
        Long pendingBytes();

        @Setting("Appends that wait for the replica's loop, or for room among the pending bytes.")
        @WithDefault("64Mi")
        @WithConverter(ByteSizeConverter.class)
        Long inboxBytes();

        @Setting(value = "How far a majority may be behind the leader before it takes no more appends.", live = true)
        @WithDefault("16Mi")
        @WithConverter(ByteSizeConverter.class)
        Long replicationLagBytes();

        @Setting(
                value = "For how long a majority may be behind the leader before it takes no more appends.",
                live = true)
        @WithDefault("1s")
        @WithConverter(DurationConverter.class)
        Duration replicationLagAge();

        @Setting(
                value = "What an append does for which there is no room: wait for it, or be refused and retried.",
                live = true)
        @WithDefault("Wait")
        String onFull();

        @Setting("Largest append request, its records' encoding included.")
        @WithDefault("8Mi")
        @WithConverter(ByteSizeConverter.class)
        Long batchBytes();

        @Setting("Most records of one append request.")
        @WithDefault("100000")
        int batchRecords();

        @Setting("Largest record, its encoding included; no larger than `limits.batch-bytes`.")
        @WithDefault("4Mi")
        @WithConverter(ByteSizeConverter.class)
        Long recordBytes();

        @Setting("Requests that are being received or worked on, of all connections. Without it "
                + ServiceSettings.REQUEST_MEMORY_MEBIBYTES + "Mi; a quarter of the heap is the most in any case.")
        Optional<@WithConverter(ByteSizeConverter.class) Long> requestMemory();

        @Setting("Requests that are being received or worked on, of one connection; no more than"
                + " `limits.request-memory`.")
        @WithDefault("32Mi")
        @WithConverter(ByteSizeConverter.class)
        Long connectionMemory();

        @Setting("Requests that are being received or worked on, of one connection, by their number.")
        @WithDefault("20000")
        int connectionRequests();

        @Setting("Of clients, whether they say anything or not. Without it as many as the limit on open files"
                + " (`ulimit -n`) leaves, and no more than " + OpenFiles.MOST_CLIENTS
                + "; never more than that limit leaves.")
        OptionalInt connections();

        @Setting("Calls that may be open at once on a connection.")
        @WithDefault("1000")
        int callsPerConnection();

        @Setting("Largest list of headers of a call.")
        @WithDefault("16Ki")
        @WithConverter(ByteSizeConverter.class)
        Long headerBytes();

        @Setting("How long a request may take to arrive once it began.")
        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration partialRequestTimeout();

        @Setting("A connection without a call is told to go away after this.")
        @WithDefault("5m")
        @WithConverter(DurationConverter.class)
        Duration idleTimeout();

        @Setting("How often a connection that has calls is pinged, so that half-open ones are found.")
        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration pingInterval();

        @Setting("Largest response of a read, unless a record is larger.")
        @WithDefault("256Ki")
        @WithConverter(ByteSizeConverter.class)
        Long readResponseBytes();

        @Setting(
                "Reads that may be open at once. What they have not read takes three thirty-seconds of the heap at most,"
                        + " and less where the memory outside of it is small; others wait meanwhile.")
        @WithDefault("50000")
        int readers();
    }

    interface Io {
        @Setting("How the log is written and flushed; Auto: the best that the kernel and the seccomp profile allow.")
        @WithDefault("Auto")
        String method();

        @Setting("Past the page cache, where the file system can.")
        @WithDefault("true")
        boolean direct();
    }

    interface Storage {
        @Setting("Size of one file of the log.")
        @WithDefault("64Mi")
        @WithConverter(ByteSizeConverter.class)
        Long segmentBytes();

        @Setting("Free space below which appends are refused.")
        @WithDefault("256Mi")
        @WithConverter(ByteSizeConverter.class)
        Long reserveBytes();

        @Setting("Newest bytes of the log that readers find in memory; `limits.pending-bytes` if they are more.")
        @WithDefault("96Mi")
        @WithConverter(ByteSizeConverter.class)
        Long tailCacheBytes();

        @Setting("A leader whose disk completes nothing for so long hands leadership over.")
        @WithDefault("5s")
        @WithConverter(DurationConverter.class)
        Duration stallTimeout();
    }

    interface Scrub {
        @Setting("Closed segments are read so fast, to find what the disk has lost while another replica still has it;"
                + " 0: they are not.")
        @WithDefault("2Mi")
        @WithConverter(ByteSizeConverter.class)
        Long bytesPerSecond();

        @Setting("From the beginning of one round over all of them to that of the next.")
        @WithDefault("168h")
        @WithConverter(DurationConverter.class)
        Duration interval();
    }

    interface Retention {
        @Setting(
                value = "Records older than this may go, of streams that name nothing else; 0s: they stay for ever.",
                live = true)
        @WithDefault("0s")
        @WithConverter(DurationConverter.class)
        Duration age();

        @Setting(
                value =
                        "The oldest records of a stream may go beyond this, of streams that name nothing else; 0: without"
                                + " limit.",
                live = true)
        @WithDefault("0")
        @WithConverter(ByteSizeConverter.class)
        Long bytes();
    }

    interface Election {
        @Setting("How often a leader is heard from.")
        @WithDefault("100ms")
        @WithConverter(DurationConverter.class)
        Duration heartbeat();

        @Setting("A follower that hears nothing of a leader stands for election after a random time of no less; at"
                + " least three heartbeats.")
        @WithDefault("1s")
        @WithConverter(DurationConverter.class)
        Duration timeoutMin();

        @Setting(
                "A follower that hears nothing of a leader stands for election after a random time of no more; above the minimum,"
                        + " so that not all stand at once.")
        @WithDefault("2s")
        @WithConverter(DurationConverter.class)
        Duration timeoutMax();

        @Setting("How long an append at All waits for a follower before that one is out of the in-sync set.")
        @WithDefault("500ms")
        @WithConverter(DurationConverter.class)
        Duration syncTimeout();

        @Setting("How long an election waits for a voter that may hold asynchronous appends.")
        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration amnesiaWait();

        @Setting(
                "Available: an election then goes on without that voter and declares its appends lost. Consistent: it waits"
                        + " on, and nobody leads meanwhile.")
        @WithDefault("Available")
        String asyncRecovery();
    }

    interface Tls {
        @Setting("PEM file with this replica's certificates; read again when it changes. With `tls.key` or not at all.")
        Optional<String> certificate();

        @Setting("PEM file with the certificate's key; read again when it changes.")
        Optional<String> key();

        @Setting("PEM file with what signs the certificates of clients and peers; with it the replication port wants"
                + " certificates on both sides.")
        Optional<String> ca();

        @Setting("Clients need a certificate, too.")
        @WithDefault("false")
        boolean clientAuth();

        @Setting("How often the files are looked at.")
        @WithDefault("30s")
        @WithConverter(DurationConverter.class)
        Duration reloadInterval();
    }

    interface Stop {
        @Setting("How long handing over, flushing and closing may take before the process leaves all the same.")
        @WithDefault("20s")
        @WithConverter(DurationConverter.class)
        Duration timeout();
    }

    interface Unsafe {
        @Setting("Nothing is flushed: a crash may then corrupt the log, not only shorten it.")
        @WithDefault("false")
        boolean fsyncDisabled();

        @Setting("Takes a data directory on a file system that cannot keep what is written to it: memory, a container's"
                + " layer, a network.")
        @WithDefault("false")
        boolean storage();
    }
}

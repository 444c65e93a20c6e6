package peers;

import io.taffrail.client.Appender;
import io.taffrail.client.AppenderConfig;
import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.client.ReadFrom;
import io.taffrail.client.Reader;
import io.taffrail.client.ReaderConfig;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.Isolation;
import io.taffrail.proto.log.RecordBatch;
import io.taffrail.proto.log.ReplicationMode;
import io.taffrail.proto.log.StreamConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/// Taffrail for the harness that measures it beside other systems: one replica, started as a user starts it
/// (`taffrail serve`), and the Java client with its default settings. A log is a stream with an appender of its own.
/// The harness's interface is not part of this project: `bench/compare` compiles this file against it.
public final class TaffrailDriver implements Driver {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long READY_TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(60);

    private record Stream(String name, Appender appender) implements Log {}

    private Env env;
    private Process server;
    private LogClient client;
    private boolean durable;
    private String version = "";

    @Override
    public List<String> settings() {
        return List.of("durable", "relaxed");
    }

    @Override
    public About about() {
        return new About("taffrail", version, durable, durable
                ? "Sync + Quorum, one replica: the log is flushed before the ack (group commit)"
                : "Async + Async: in the service's memory before the ack, flushed within 3 x writerDelay (10 ms)");
    }

    @Override
    public void start(Env environment, String setting) throws Exception {
        env = environment;
        durable = setting.equals("durable");
        var ready = env.dir.resolve("ready");
        server = env.spawn("taffrail", Map.of(), List.of(
                Path.of(System.getenv("TAFFRAIL_HOME")).resolve("taffrail").toString(), "serve",
                "--data", env.sub("data").toString(), "--port", "0", "--peer-port", "0", "--http-port", "0",
                "--ready-file", ready.toString()));
        var address = awaitAddress(ready);
        client = LogClient.connect(address);
        version = client.status(Endpoint.parse(address)).getVersion();
    }

    private String awaitAddress(Path ready) throws IOException, InterruptedException {
        for (var start = System.nanoTime(); System.nanoTime() - start < READY_TIMEOUT_NANOS; Thread.sleep(20)) {
            if (Files.exists(ready)) {
                for (var line : Files.readAllLines(ready)) {
                    if (line.startsWith("client-address=")) {
                        return line.substring("client-address=".length());
                    }
                }
            }
            if (!server.isAlive()) {
                break;
            }
        }
        throw new IOException("the service did not start, see its log in " + env.dir);
    }

    @Override
    public List<Long> pids() {
        return List.of(server.pid());
    }

    @Override
    public Log openLog(String name) {
        client.createStream(name, StreamConfig.getDefaultInstance(), true);
        var config = durable
                ? AppenderConfig.DEFAULTS.modes(
                        CommitMode.COMMIT_MODE_SYNC, ReplicationMode.REPLICATION_MODE_QUORUM)
                : AppenderConfig.DEFAULTS.modes(
                        CommitMode.COMMIT_MODE_ASYNC, ReplicationMode.REPLICATION_MODE_ASYNC);
        return new Stream(name, client.appender(name, config));
    }

    @Override
    public CompletionStage<?> append(Log log, byte[] record) {
        return ((Stream) log).appender.append(record).acknowledged();
    }

    /// An appender acknowledges in order, and what comes after a failure fails: the last record speaks for all.
    @Override
    public CompletionStage<?> appendBatch(Log log, byte[][] records) {
        var appender = ((Stream) log).appender;
        for (var i = 0; i < records.length - 1; i++) {
            appender.append(records[i]);
        }
        return appender.append(records[records.length - 1]).acknowledged();
    }

    @Override
    public Load saturation(int recordSize) {
        return new Load(64, Math.max(16, 64 * 1024 / recordSize));
    }

    @Override
    public long read(Log log, long n, Sink sink) {
        if (n == 0) {
            return 0;
        }
        var got = 0L;
        try (var reader = client.reader(((Stream) log).name, ReaderConfig.DEFAULTS.maxRecords(n))) {
            while (got < n && !reader.isAtEnd()) {
                got += hand(reader.nextBatch(POLL), sink);
            }
        }
        return got;
    }

    /// What is acknowledged from memory is not durable yet, so whoever appends relaxed reads relaxed.
    @Override
    public AutoCloseable tail(Log log, Sink sink) {
        var isolation = durable ? Isolation.ISOLATION_DURABLE : Isolation.ISOLATION_BUFFERED;
        var config = ReaderConfig.DEFAULTS.from(ReadFrom.earliest()).following().isolation(isolation);
        var reader = client.reader(((Stream) log).name, config);
        var thread = new Thread(() -> follow(reader, sink));
        thread.start();
        return () -> {
            reader.close();
            thread.join(5_000);
        };
    }

    private static void follow(Reader reader, Sink sink) {
        while (!reader.isAtEnd()) {
            hand(reader.nextBatch(POLL), sink);
        }
    }

    private static int hand(RecordBatch batch, Sink sink) {
        if (batch == null) {
            return 0;
        }
        var records = batch.getRecordsList();
        for (var record : records) {
            sink.accept(record.getValue().toByteArray());
        }
        return records.size();
    }

    @Override
    public void dropLog(Log log) {
        var stream = (Stream) log;
        stream.appender.close();
        client.deleteStream(stream.name);
    }

    @Override
    public void stop() throws Exception {
        if (client != null) {
            client.close();
        }
        env.stop(server);
    }
}

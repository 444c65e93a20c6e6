package io.taffrail.acceptance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.taffrail.client.LogClient;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.CommitMode;
import io.taffrail.proto.log.StreamConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Many streams in one log, appended to in turn. `-Dtaffrail.streams=N`, `-Dtaffrail.seconds=S` for each measurement.
class ManyStreamsIT {
    private static final int STREAMS = Integer.getInteger("taffrail.streams", 500);
    private static final Duration MEASURED = Duration.ofSeconds(Integer.getInteger("taffrail.seconds", 2));
    private static final int WINDOW = 64;
    private static final int RECORD_BYTES = 1024;
    /// One stream and all of them in turn, so that a machine that changes its speed changes both.
    private static final int PAIRS = 5;

    private static final AppendRequest DURABLE = AppendRequest.newBuilder()
            .setCommitMode(CommitMode.COMMIT_MODE_SYNC)
            .build();

    @TempDir
    Path folder;

    @Test
    void areAppendedToInTurnAndAllThereAfterAKill() throws Exception {
        var names = IntStream.range(0, STREAMS).mapToObj(i -> "stream-" + i).toList();
        try (var service = new ServiceProcess(folder)
                .jvmOptions(List.of(Programs.OPTIMISED))
                .start()) {
            try (var client = LogClient.connect(service.address())) {
                var startNanos = System.nanoTime();
                names.forEach(name -> client.createStream(name, StreamConfig.getDefaultInstance(), false));
                client.createStream("one", StreamConfig.getDefaultInstance(), false);
                System.out.printf(
                        Locale.ROOT,
                        "%,d streams created in %.1f s, one after the other%n",
                        STREAMS,
                        (System.nanoTime() - startNanos) / 1e9);
            }
            var ratios = new ArrayList<Double>();
            var channel = NettyChannelBuilder.forTarget(service.address())
                    .usePlaintext()
                    .build();
            try {
                // The first of each is for the compiler.
                for (var pair = 0; pair <= PAIRS; pair++) {
                    var one = StreamedAppends.run(channel, List.of("one"), DURABLE, RECORD_BYTES, WINDOW, MEASURED);
                    var many = StreamedAppends.run(channel, names, DURABLE, RECORD_BYTES, WINDOW, MEASURED);
                    if (pair > 0) {
                        ratios.add(many / one);
                    }
                    System.out.printf(
                            Locale.ROOT,
                            "%s outstanding durable appends of %s B: one stream %,.0f/s, %,d streams %,.0f/s, ratio %.2f%n",
                            WINDOW,
                            RECORD_BYTES,
                            one,
                            STREAMS,
                            many,
                            many / one);
                }
            } finally {
                var _ = channel.shutdownNow();
            }
            ratios.sort(null);
            System.out.printf(Locale.ROOT, "median ratio %.2f%n", ratios.get(PAIRS / 2));
            service.kill();
            var startNanos = System.nanoTime();
            service.start();
            System.out.printf(
                    Locale.ROOT, "serves again %.2f s after the kill%n", (System.nanoTime() - startNanos) / 1e9);
            try (var client = LogClient.connect(service.address())) {
                assertEquals(STREAMS + 1, client.listStreams("").size());
            }
        }
    }
}

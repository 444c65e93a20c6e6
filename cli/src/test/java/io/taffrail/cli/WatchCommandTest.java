package io.taffrail.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.stub.StreamObserver;
import io.taffrail.proto.log.DurabilityReport;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.WatchDurabilityRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class WatchCommandTest {
    private static final int REPORTS = 5;

    /// As a pipe whose reader has gone. What it was asked to write it knows all the same.
    private static final class ClosedPipe extends OutputStream {
        private final ByteArrayOutputStream asked = new ByteArrayOutputStream();

        @Override
        public void write(int octet) throws IOException {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            asked.write(bytes, offset, length);
            throw new IOException("Broken pipe");
        }

        long timesAsked(String word) {
            return asked.toString(StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.contains(word))
                    .count();
        }
    }

    private static final class ReportingLog extends LogGrpc.LogImplBase {
        @Override
        public void watchDurability(WatchDurabilityRequest request, StreamObserver<DurabilityReport> reports) {
            for (var report = 0; report < REPORTS; report++) {
                reports.onNext(DurabilityReport.getDefaultInstance());
            }
            reports.onCompleted();
        }
    }

    @Test
    void endsOnceNobodyReadsWhatItShows() throws IOException {
        var out = new ClosedPipe();
        var server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                .addService(new ReportingLog())
                .build()
                .start();
        try {
            run(out, "watch", "-o", "json", "--server", "127.0.0.1:" + server.getPort());
        } finally {
            server.shutdownNow();
        }
        assertEquals(1, out.timesAsked("leaderReceivedLsn"));
    }

    @Test
    void theClustersEndsOnceNobodyReadsWhatItShows() {
        var out = new ClosedPipe();
        var reports = String.valueOf(REPORTS);
        run(
                out,
                "cluster",
                "watch",
                "--interval",
                "1",
                "--count",
                reports,
                "--server",
                "127.0.0.1:1",
                "--timeout",
                "1");
        assertEquals(1, out.timesAsked("REPLICA"));
    }

    private static void run(OutputStream out, String... arguments) {
        var _ = Taffrail.commandLine()
                .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
                .execute(arguments);
    }
}

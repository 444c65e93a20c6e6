package io.taffrail.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.stub.StreamObserver;
import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.AppendRequest;
import io.taffrail.proto.log.AppendResponse;
import io.taffrail.proto.log.DescribeStreamRequest;
import io.taffrail.proto.log.Error;
import io.taffrail.proto.log.ErrorCode;
import io.taffrail.proto.log.LogGrpc;
import io.taffrail.proto.log.RegisterProducerRequest;
import io.taffrail.proto.log.RegisterProducerResponse;
import io.taffrail.proto.log.StreamDescription;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class AppendCommandTest {
    @TempDir
    Path folder;

    /// Acknowledges the first batch and loses it, as a crash does with what was only in memory. Keeps whatever another
    /// producer sends.
    private static final class ForgetfulLog extends LogGrpc.LogImplBase {
        private final Path fifo;
        private int producers;

        ForgetfulLog(Path fifo) {
            this.fifo = fifo;
        }

        @Override
        public void describeStream(DescribeStreamRequest request, StreamObserver<StreamDescription> answer) {
            answer.onNext(StreamDescription.getDefaultInstance());
            answer.onCompleted();
        }

        @Override
        public synchronized void registerProducer(
                RegisterProducerRequest request, StreamObserver<RegisterProducerResponse> answer) {
            producers++;
            // Whenever the FIFO is opened, somebody writes to it.
            var lines = producers == 1 ? "one\ntwo\nthree\n" : "four\n";
            Thread.ofVirtual().start(() -> write(fifo, lines));
            answer.onNext(RegisterProducerResponse.newBuilder()
                    .setProducerId(producers)
                    .build());
            answer.onCompleted();
        }

        @Override
        public StreamObserver<AppendRequest> appendStream(StreamObserver<AppendResponse> answers) {
            return new StreamObserver<>() {
                @Override
                public void onNext(AppendRequest request) {
                    answers.onNext(answer(request));
                }

                @Override
                public void onError(Throwable gone) {}

                @Override
                public void onCompleted() {
                    answers.onCompleted();
                }
            };
        }

        private static void write(Path fifo, String lines) {
            try {
                Files.writeString(fifo, lines);
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        private static AppendResponse answer(AppendRequest request) {
            var answer = AppendResponse.newBuilder().setRequestId(request.getRequestId());
            var producer = request.getProducer();
            if (producer.getId() == 1 && producer.getSequence() > 0) {
                return answer.setError(Error.newBuilder().setCode(ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE))
                        .build();
            }
            return answer.setAcknowledgement(Acknowledgement.newBuilder()
                            .setBaseOffset(producer.getSequence())
                            .setRecordCount(request.getRecordsCount())
                            .setCommitMode(request.getCommitMode())
                            .setReplicationMode(request.getReplicationMode()))
                    .build();
        }
    }

    /// Scenario: 1. the log loses the first records. 2. the FIFO is opened again, which gives only what comes after
    /// those that were read. 3. these are appended, and those before are missed by nobody.
    @Test
    void doesNotReadAPipeAgainAsIfItBeganAnew() throws Exception {
        var fifo = folder.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        var server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                .addService(new ForgetfulLog(fifo))
                .build()
                .start();
        var err = new StringWriter();
        try {
            var exitCode = Taffrail.commandLine()
                    .setErr(new PrintWriter(err, true))
                    .execute(
                            "append",
                            "s",
                            fifo.toString(),
                            "--batch-bytes",
                            "1",
                            "--server",
                            "127.0.0.1:" + server.getPort());
            assertEquals(ExitCode.DATA_LOSS, exitCode, err.toString());
        } finally {
            server.shutdownNow();
        }
        assertTrue(err.toString().contains("append them again from their source"), err.toString());
    }

    @Test
    void saysHowToResumeSoThatTheSameRecordsGoToTheSamePlace() {
        assertEquals(
                "taffrail append --producer cli-1 s 'it'\\''s $HOME' --format length-prefixed -s h:9090 --tls-ca=ca.pem",
                AppendCommand.resumeCommand(
                        List.of(
                                "append",
                                "s",
                                "it's $HOME",
                                "--format",
                                "length-prefixed",
                                "-s",
                                "h:9090",
                                "--tls-ca=ca.pem"),
                        "cli-1"));
        assertEquals(
                "taffrail append s --producer mine -- -file",
                AppendCommand.resumeCommand(List.of("append", "s", "--producer", "mine", "--", "-file"), ""));
    }

    @Test
    void waitsForRoomAsLongAsForDelivery() {
        var command = new AppendCommand();
        new CommandLine(command).parseArgs("s", "--delivery-timeout", "600");
        var config = command.config("");
        assertEquals(600, config.deliveryTimeout().toSeconds());
        assertTrue(config.maxBlock().compareTo(config.deliveryTimeout()) > 0, config.toString());
    }
}

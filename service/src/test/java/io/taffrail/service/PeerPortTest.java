package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.proto.replication.Frame;
import io.taffrail.proto.replication.ReplicationGrpc;
import io.taffrail.service.host.ReplicaHost;
import jakarta.inject.Inject;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The replication port, called as other processes of one node would.
@QuarkusTest
@QuarkusTestResource(value = DataDirectory.class, restrictToAnnotatedClass = true)
class PeerPortTest {
    private static final long LONGEST_WAIT_SECONDS = 60;
    private static final Metadata.Key<String> NODE_ID = ascii("taffrail-node-id");
    private static final Metadata.Key<String> STORAGE_ID = ascii("taffrail-storage-id");
    private static final Metadata.Key<String> INCARNATION = ascii("taffrail-incarnation");
    private static final String VOLUME = UUID.randomUUID().toString();

    @Inject
    ReplicaHost host;

    private ManagedChannel channel;

    private static Metadata.Key<String> ascii(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }

    @BeforeEach
    void connect() {
        RunningReplica.await("the replica serves", () -> !host.peerAddress().isEmpty() && host.status() != null);
        channel = Grpc.newChannelBuilder(host.peerAddress(), InsecureChannelCredentials.create())
                .build();
    }

    @AfterEach
    void disconnect() throws InterruptedException {
        channel.shutdownNow();
        channel.awaitTermination(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
    }

    /// A call of node 7 that stays open.
    private final class Call {
        final ReplySink<Frame> ended = new ReplySink<>();
        private final AtomicReference<Metadata> headers = new AtomicReference<>();

        Call(String incarnation) {
            var own = new Metadata();
            own.put(NODE_ID, "7");
            own.put(STORAGE_ID, VOLUME);
            own.put(INCARNATION, incarnation);
            var _ = ReplicationGrpc.newStub(channel)
                    .withInterceptors(
                            MetadataUtils.newAttachHeadersInterceptor(own),
                            MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
                    .exchange(ended);
        }

        Metadata answer() {
            RunningReplica.await("the call is taken", () -> headers.get() != null);
            return headers.get();
        }

        Status end() {
            var failure = ended.awaitEnd();
            assertNotNull(failure);
            return Status.fromThrowable(failure);
        }
    }

    @Test
    void bothEndsSayWhoTheyAre() {
        var answer = new Call("1").answer();
        var own = host.status();
        assertNotNull(own);
        assertEquals(own.storageId().toString(), answer.get(STORAGE_ID));
        assertEquals(Long.toString(own.incarnation()), answer.get(INCARNATION));
    }

    @Test
    void aNodeHasOneCallTheNewestProcesss() {
        var before = new Call("5");
        before.answer();
        var newer = new Call("6");
        newer.answer();
        assertEquals(Status.Code.ABORTED, before.end().getCode());
        var refused = new Call("5").end();
        assertEquals(Status.Code.FAILED_PRECONDITION, refused.getCode());
        assertTrue(String.valueOf(refused.getDescription()).contains("incarnation 6"), refused.toString());
        assertEquals(0, newer.ended.waiting());
        new Call("6").answer();
        assertEquals(Status.Code.ABORTED, newer.end().getCode());
    }

    @Test
    void whoSaysItWrongIsRefused() {
        var refused = new Call("the sixth").end();
        assertEquals(Status.Code.INVALID_ARGUMENT, refused.getCode());
        assertTrue(String.valueOf(refused.getDescription()).contains("taffrail-incarnation"), refused.toString());
    }
}

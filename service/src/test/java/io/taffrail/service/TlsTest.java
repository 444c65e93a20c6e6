package io.taffrail.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.taffrail.proto.log.Edge;
import io.taffrail.proto.log.ReadRequest;
import io.taffrail.proto.replication.Frame;
import io.taffrail.proto.replication.ReplicationGrpc;
import io.taffrail.replication.codec.Envelope;
import io.taffrail.replication.codec.FrameCodec;
import io.taffrail.replication.protocol.Message;
import io.taffrail.service.host.ReplicaHost;
import io.taffrail.service.telemetry.HealthChecks;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Who is let in, who is not, and what a new certificate does to those who are in. Certificates are made here.
@QuarkusTest
@QuarkusTestResource(value = TlsDirectory.class, restrictToAnnotatedClass = true)
class TlsTest {
    private static final Authority FOREIGN = new Authority("somebody else's");
    private static final long DEADLINE_SECONDS = 180;
    private static final int ROTATIONS = 20;

    @Inject
    ReplicaHost host;

    @Inject
    ServiceWiring wiring;

    @BeforeEach
    void isReady() {
        RunningReplica.await("the replica leads", () -> HealthChecks.ready(host));
    }

    @AfterEach
    void hasItsCertificate() {
        rotate(TlsDirectory.AUTHORITY.here());
    }

    private static InputStream stream(String pem) {
        return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    }

    private static ChannelCredentials trusting(Authority authority) {
        try {
            return TlsChannelCredentials.newBuilder()
                    .trustManager(stream(authority.certificate()))
                    .build();
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private static ChannelCredentials as(Authority.Identity identity) {
        try {
            return TlsChannelCredentials.newBuilder()
                    .trustManager(stream(TlsDirectory.AUTHORITY.certificate()))
                    .keyManager(stream(identity.certificate()), stream(identity.key()))
                    .build();
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
    }

    private ServiceClient client(ChannelCredentials credentials) {
        return new ServiceClient(
                Grpc.newChannelBuilder(host.clientAddress(), credentials).build());
    }

    private static String refusal(ServiceClient client) {
        try (client) {
            var refused = assertThrows(StatusRuntimeException.class, () -> client.createStream("no"));
            assertEquals(Status.Code.UNAVAILABLE, refused.getStatus().getCode());
            var reasons = new StringBuilder(refused.getStatus().toString());
            for (var cause = refused.getCause(); cause != null; cause = cause.getCause()) {
                reasons.append(' ').append(cause);
            }
            return reasons.toString();
        }
    }

    private SSLSocket handshake(String... protocols) throws IOException, GeneralSecurityException {
        var context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Anyone()}, null);
        var socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", clientPort());
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
        var parameters = socket.getSSLParameters();
        parameters.setApplicationProtocols(protocols);
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    private int clientPort() {
        var address = host.clientAddress();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /// What a new connection is shown.
    private BigInteger shown() throws IOException, GeneralSecurityException {
        try (var socket = handshake("h2")) {
            return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
        }
    }

    /// Reads until the other side ends the connection.
    private static void awaitEnd(Socket socket) throws IOException {
        try {
            socket.getInputStream().readAllBytes();
        } catch (SocketException reset) {
            // An end as well.
        }
    }

    private static final class Anyone implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private void rotate(Authority.Identity identity) {
        TlsDirectory.replace(identity);
        RunningReplica.await(
                "new connections see certificate " + identity.serial(), () -> shown().equals(identity.serial()));
    }

    @Test
    void whoTrustsTheAuthorityIsServed() {
        try (var client = client(trusting(TlsDirectory.AUTHORITY))) {
            client.createStream("orders");
            client.log().append(ServiceClient.append("orders", "a"));
        }
    }

    @Test
    void aCertificateOfAForeignAuthorityIsNotBelieved() {
        assertTrue(refusal(client(trusting(FOREIGN))).contains("certification path"));
    }

    @Test
    void aCertificateForAnotherHostIsNotBelieved() {
        rotate(TlsDirectory.AUTHORITY.elsewhere());
        var refused = refusal(client(trusting(TlsDirectory.AUTHORITY)));
        assertTrue(refused.contains("No subject alternative names") || refused.contains("127.0.0.1"), refused);
    }

    @Test
    void anExpiredCertificateIsNotBelievedAndItsSuccessorIsWithoutARestart() {
        rotate(TlsDirectory.AUTHORITY.expired());
        var refused = refusal(client(trusting(TlsDirectory.AUTHORITY)));
        assertTrue(refused.contains("NotAfter") || refused.contains("validity"), refused);
        rotate(TlsDirectory.AUTHORITY.here());
        try (var client = client(trusting(TlsDirectory.AUTHORITY))) {
            client.createStream("after");
        }
    }

    @Test
    void plaintextToTheTlsPortIsRefusedAndDisturbsNobody() throws IOException {
        try (var client = client(trusting(TlsDirectory.AUTHORITY))) {
            client.createStream("undisturbed");
            refusal(client(InsecureChannelCredentials.create()));
            try (var socket = new Socket(InetAddress.getLoopbackAddress(), clientPort())) {
                socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(DEADLINE_SECONDS));
                socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                awaitEnd(socket);
            }
            client.log().append(ServiceClient.append("undisturbed", "a"));
        }
    }

    @Test
    void whoDoesNotOfferHttp2IsClosedAtOnce() throws Exception {
        for (var protocols : List.of(new String[0], new String[] {"http/1.1"})) {
            try (var socket = handshake(protocols)) {
                awaitEnd(socket);
            }
        }
    }

    @Test
    void everyConnectionIsServedWhileCertificatesChange() throws Exception {
        try (var client = client(trusting(TlsDirectory.AUTHORITY))) {
            client.createStream("rotating");
        }
        for (var turn = 0; turn < ROTATIONS; turn++) {
            TlsDirectory.replace(TlsDirectory.AUTHORITY.here());
            var look = CompletableFuture.runAsync(wiring::reloadTls);
            do {
                shown();
            } while (!look.isDone());
            look.join();
        }
    }

    @Test
    void aReaderThatFollowsOutlivesTheRotation() {
        try (var client = client(trusting(TlsDirectory.AUTHORITY))) {
            client.createStream("followed");
            client.log().append(ServiceClient.append("followed", "before"));
            var responses = client.log()
                    .read(ReadRequest.newBuilder()
                            .setStream("followed")
                            .setEdge(Edge.EDGE_EARLIEST)
                            .setFollow(true)
                            .build());
            assertTrue(responses.hasNext());
            responses.next();
            rotate(TlsDirectory.AUTHORITY.here());
            try (var later = client(trusting(TlsDirectory.AUTHORITY))) {
                later.log().append(ServiceClient.append("followed", "after"));
            }
            var value = "";
            while (!value.equals("after")) {
                for (var batch : responses.next().getBatchesList()) {
                    for (var record : batch.getRecordsList()) {
                        value = record.getValue().toStringUtf8();
                    }
                }
            }
        }
    }

    @Test
    void filesThatAreNoCertificatesLeaveTheOldOneInUse() throws Exception {
        var before = shown();
        var next = TlsDirectory.AUTHORITY.here();
        TlsDirectory.write("tls.crt", "-----BEGIN CERTIFICATE-----\nhalf of");
        wiring.reloadTls();
        assertEquals(before, shown());
        // With the key of the certificate before it: it must not be taken until its own is there.
        TlsDirectory.write("tls.crt", next.certificate());
        wiring.reloadTls();
        assertEquals(before, shown());
        TlsDirectory.write("tls.key", next.key().substring(0, next.key().length() / 2));
        wiring.reloadTls();
        assertEquals(before, shown());
        TlsDirectory.write("tls.key", next.key());
        wiring.reloadTls();
        assertEquals(next.serial(), shown());
    }

    // The replication port

    private ManagedChannel peer(ChannelCredentials credentials) {
        return Grpc.newChannelBuilder(host.peerAddress(), credentials).build();
    }

    /// Says that it is node 7 and sends a frame; returns how the call ended.
    private Status send(ChannelCredentials credentials, Message message) throws InterruptedException {
        var status = host.status();
        assertNotNull(status);
        var envelope = new Envelope(7, UUID.randomUUID(), 1, status.clusterId(), status.historyId());
        var frame = Frame.newBuilder()
                .setMessage(ByteString.copyFrom(FrameCodec.encode(envelope, message)))
                .build();
        var headers = new Metadata();
        headers.put(Metadata.Key.of("taffrail-node-id", Metadata.ASCII_STRING_MARSHALLER), "7");
        var channel = peer(credentials);
        try {
            var stub = ReplicationGrpc.newStub(channel)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
            var ended = new ReplySink<Frame>();
            var requests = stub.exchange(ended);
            requests.onNext(frame);
            requests.onCompleted();
            var failure = ended.awaitEnd();
            return failure == null ? Status.OK : Status.fromThrowable(failure);
        } finally {
            channel.shutdownNow();
            channel.awaitTermination(DEADLINE_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void aPeerWithoutOurCertificateCannotSpeakTheProtocol() throws InterruptedException {
        var status = host.status();
        assertNotNull(status);
        var promised = status.promisedEpoch();
        var attack = new Message.Prepare(Long.MAX_VALUE);
        assertEquals(
                Status.Code.UNAVAILABLE,
                send(InsecureChannelCredentials.create(), attack).getCode());
        assertEquals(
                Status.Code.UNAVAILABLE,
                send(trusting(TlsDirectory.AUTHORITY), attack).getCode());
        assertEquals(Status.Code.UNAVAILABLE, send(as(FOREIGN.here()), attack).getCode());
        assertEquals(
                Status.Code.UNAVAILABLE,
                send(as(TlsDirectory.AUTHORITY.expired()), attack).getCode());
        // The same by one that has a certificate is heard, which shows that the others failed for the lack of it.
        assertTrue(
                send(as(TlsDirectory.AUTHORITY.here()), new Message.Stale(1, 1)).isOk());
        var after = host.status();
        assertNotNull(after);
        assertEquals(promised, after.promisedEpoch());
        try (var client = client(trusting(TlsDirectory.AUTHORITY))) {
            client.createStream("still-led");
        }
    }
}

package io.taffrail.service;

import io.netty.handler.ssl.SslContext;
import io.taffrail.service.peer.PeerClient;
import io.taffrail.service.rpc.ExchangeableTls;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The TLS of both ports and of the calls to peers, as the files say it and also when they change. Any thread, though
/// not an event loop: files are read.
final class ServiceTls {
    private static final Logger LOG = Logger.getLogger("io.taffrail");

    private final Vertx vertx;
    private final ServiceSettings.TlsFiles files;
    private final ExchangeableTls clients;
    /// Null: without an authority peers do not authenticate, and talk in the clear.
    private final @Nullable ExchangeableTls peers;

    private TlsMapping.Material material;
    private String problem = "";

    /// Throws where the files cannot be used.
    ServiceTls(Vertx vertx, ServiceSettings.TlsFiles files) throws IOException {
        this.vertx = vertx;
        this.files = files;
        material = TlsMapping.Material.read(files);
        clients = new ExchangeableTls(TlsMapping.context(vertx, material, files.clientAuth()));
        peers = files.ca().isPresent() ? new ExchangeableTls(TlsMapping.context(vertx, material, true)) : null;
    }

    synchronized HttpServerOptions clientPort() {
        return clients.putInto(TlsMapping.server(material, files.clientAuth()));
    }

    synchronized @Nullable HttpServerOptions peerPort() {
        return peers == null ? null : peers.putInto(TlsMapping.server(material, true));
    }

    synchronized @Nullable HttpClientOptions callsToPeers() {
        return peers == null ? null : TlsMapping.client(material);
    }

    /// As a client would, to this replica's own port as well.
    synchronized SslContext callsAsClient() throws IOException {
        return TlsMapping.callsAsClient(vertx, material);
    }

    /// Reads the files again. What they hold is for new connections; if it cannot be used, what was used before stays.
    synchronized void reload(PeerClient caller) {
        try {
            var now = TlsMapping.Material.read(files);
            if (!now.equals(material)) {
                use(now, caller);
            }
            problem = "";
        } catch (IOException unusable) {
            // Said once: a file that is being replaced is whole at the next look, one that is not stays wrong.
            var reason = String.valueOf(unusable.getMessage());
            if (!reason.equals(problem)) {
                problem = reason;
                LOG.warnf("the TLS certificate cannot be used, the old one stays: %s", reason);
            }
        }
    }

    private void use(TlsMapping.Material now, PeerClient caller) throws IOException {
        var forClients = TlsMapping.context(vertx, now, files.clientAuth());
        if (peers != null) {
            // Before anything is exchanged: a failure must leave all as it was.
            var forPeers = TlsMapping.context(vertx, now, true);
            peers.exchange(forPeers);
            caller.updateTls(TlsMapping.callsToPeersAgain(now))
                    .onFailure(failure -> LOG.warnf(
                            "calls to peers go on with the old TLS certificate, the new one cannot be used: %s",
                            failure.getMessage()));
        }
        clients.exchange(forClients);
        material = now;
        LOG.infof("the TLS certificate has changed, new connections see the one that is good until %s", now.notAfter());
        warnIfExpired();
    }

    /// Until the certificate in use expires; negative: since.
    synchronized Duration expiresIn(Instant now) {
        return Duration.between(now, material.notAfter());
    }

    synchronized void warnIfExpired() {
        if (material.isExpired(Instant.now())) {
            LOG.warnf("the TLS certificate expired on %s: clients refuse it", material.notAfter());
        }
    }
}

package io.taffrail.service.rpc;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.spi.tls.SslContextFactory;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/// The TLS of a port, which can be exchanged between two handshakes. `HttpServer.updateSSLOptions` of Vert.x 4.5 does
/// not do: until the new certificates are made into a context, every new connection is closed. Any thread.
// Netty's own signature names a deprecated type.
@SuppressWarnings("deprecation")
public final class ExchangeableTls extends SslContext {
    private volatile SslContext current;

    /// `first` is of servers, and so is all that follows it.
    public ExchangeableTls(SslContext first) {
        current = first;
    }

    /// For handshakes that begin from now on; connections that are open go on with what they have.
    public void exchange(SslContext next) {
        current = next;
    }

    /// Makes a server use this. The options still need a certificate, which Vert.x looks for and which is not shown.
    public HttpServerOptions putInto(HttpServerOptions options) {
        return options.setSslEngineOptions(new Engine(this));
    }

    @Override
    public boolean isClient() {
        return current.isClient();
    }

    @Override
    public List<String> cipherSuites() {
        return current.cipherSuites();
    }

    @Override
    public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
        return current.applicationProtocolNegotiator();
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator) {
        return current.newEngine(allocator);
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
        return current.newEngine(allocator, peerHost, peerPort);
    }

    @Override
    public SSLSessionContext sessionContext() {
        return current.sessionContext();
    }

    /// Where Vert.x asks for the context, once for each port.
    private static final class Engine extends JdkSSLEngineOptions {
        private final SslContext context;

        Engine(SslContext context) {
            this.context = context;
        }

        /// Vert.x copies options again and again.
        @Override
        public Engine copy() {
            return new Engine(context);
        }

        @Override
        public SslContextFactory sslContextFactory() {
            return () -> context;
        }
    }
}

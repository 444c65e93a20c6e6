package io.taffrail.service.accept;

import io.vertx.core.impl.VertxBuilder;
import io.vertx.core.impl.transports.JDKTransport;
import io.vertx.core.spi.VertxServiceProvider;

/// Found by Vert.x as a service: Quarkus makes its Vert.x itself and leaves no other way in.
public final class LimitingTransportProvider implements VertxServiceProvider {
    @Override
    public void init(VertxBuilder builder) {
        if (builder.findTransport() instanceof JDKTransport) {
            builder.findTransport(new LimitingTransport());
        }
    }
}

package io.taffrail.cli;

import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientConfig;
import io.taffrail.client.RetryPolicy;
import io.taffrail.client.Tls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Which cluster, and how long to try.
final class ServerOptions {
    @Option(
            names = {"-s", "--server"},
            split = ",",
            paramLabel = "HOST:PORT",
            defaultValue = "${env:TAFFRAIL_SERVER:-127.0.0.1:9090}",
            description = {
                "any replicas of the cluster; the leader is found through them (default: what TAFFRAIL_SERVER says, else"
                        + " 127.0.0.1:9090)"
            })
    List<String> servers = List.of();

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "how long to try before giving up (default: ${DEFAULT-VALUE})")
    int timeoutSeconds;

    @Option(names = "--tls-ca", paramLabel = "PEM", description = "encrypt, and trust what these certificates sign")
    @Nullable
    Path tlsCa;

    @Option(names = "--tls-cert", paramLabel = "PEM", description = "who this client is (mutual TLS)")
    @Nullable
    Path tlsCertificate;

    @Option(names = "--tls-key", paramLabel = "PEM", description = "the key of --tls-cert")
    @Nullable
    Path tlsKey;

    @Option(names = "--tls-name", paramLabel = "NAME", description = "what the service's certificate must be for")
    @Nullable
    String tlsName;

    List<Endpoint> endpoints() {
        return servers.stream().map(Endpoint::parse).toList();
    }

    Duration timeout() {
        if (timeoutSeconds < 1) {
            throw new CliException(ExitCode.USAGE, "--timeout is " + timeoutSeconds + ": 1 second or more");
        }
        return Duration.ofSeconds(timeoutSeconds);
    }

    LogClient connect() {
        return connect(RetryPolicy.DEFAULTS.withTotalTimeout(timeout()));
    }

    /// For who asks replicas of which some may never answer.
    LogClient connectBriefly(Duration attemptTimeout) {
        var defaults = RetryPolicy.DEFAULTS;
        return connect(new RetryPolicy(defaults.initialBackoff(), defaults.maxBackoff(), attemptTimeout, timeout()));
    }

    private LogClient connect(RetryPolicy retry) {
        var tls = tlsCa == null && tlsCertificate == null && tlsName == null
                ? null
                : new Tls(tlsCa, tlsCertificate, tlsKey, tlsName);
        return new LogClient(new LogClientConfig(endpoints(), tls, retry, LogClientConfig.DEFAULT_MAX_RESPONSE_BYTES));
    }
}

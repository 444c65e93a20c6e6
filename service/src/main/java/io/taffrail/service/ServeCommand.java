package io.taffrail.service;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The command line: short names for the settings that one process of many differs in. All others are properties.
@Command(
        name = "taffrail serve",
        description = "Runs one replica. Without more it is a cluster of its own.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footer = {
            "",
            "Every setting is a property (taffrail.*), an environment variable (TAFFRAIL_*) or -D; ServiceConfig.java"
                    + " has them with their defaults.",
            "Exit codes: 0 stopped, 2 usage, 70 failed, 74 storage failed, 75 data directory in use"
                    + " or disk full, 78 configuration refused."
        })
final class ServeCommand implements Callable<Integer> {
    @Option(names = "--data", paramLabel = "DIR", description = "folder of the log (taffrail.data-dir)")
    Optional<String> data = Optional.empty();

    @Option(names = "--listen", paramLabel = "HOST", description = "interface to listen on (taffrail.listen)")
    Optional<String> listen = Optional.empty();

    @Option(names = "--port", paramLabel = "PORT", description = "client port, 0: a free one (taffrail.port)")
    Optional<String> port = Optional.empty();

    @Option(names = "--peer-port", paramLabel = "PORT", description = "replication port (taffrail.peer.port)")
    Optional<String> peerPort = Optional.empty();

    @Option(names = "--http-port", paramLabel = "PORT", description = "health and metrics (quarkus.http.port)")
    Optional<String> httpPort = Optional.empty();

    @Option(names = "--node-id", paramLabel = "N", description = "this replica in its cluster (taffrail.node-id)")
    Optional<String> nodeId = Optional.empty();

    @Option(
            names = "--voters",
            paramLabel = "LIST",
            description = "ID=PEER_HOST:PORT/CLIENT_HOST:PORT,... makes the cluster static (taffrail.cluster.voters)")
    Optional<String> voters = Optional.empty();

    @Option(names = "--advertise", paramLabel = "HOST:PORT", description = "where clients reach this replica")
    Optional<String> advertise = Optional.empty();

    @Option(names = "--advertise-peer", paramLabel = "HOST:PORT", description = "where replicas reach this replica")
    Optional<String> advertisePeer = Optional.empty();

    @Option(names = "--config", paramLabel = "FILE", description = "a properties file, of any name")
    Optional<String> config = Optional.empty();

    @Option(names = "--ready-file", paramLabel = "FILE", description = "written once the replica serves")
    Optional<String> readyFile = Optional.empty();

    @Option(
            names = "--unsafe-storage",
            description = "take a folder in memory, in a container's layer or on a network (taffrail.unsafe.storage)")
    boolean unsafeStorage;

    @Option(names = "--json", description = "log lines as JSON")
    boolean json;

    @Option(names = "-D", paramLabel = "NAME=VALUE", description = "any property")
    Map<String, String> properties = new LinkedHashMap<>();

    @Override
    public Integer call() {
        var unusable = config.map(ConfigFile::choose);
        if (unusable.isPresent()) {
            System.err.println("taffrail: " + unusable.get());
            return ExitCode.CONFIG_REFUSED.status();
        }
        properties.forEach(System::setProperty);
        set("taffrail.data-dir", data);
        set("taffrail.listen", listen);
        set("taffrail.port", port);
        set("taffrail.peer.port", peerPort);
        set("quarkus.http.port", httpPort);
        set("taffrail.node-id", nodeId);
        set("taffrail.advertised-address", advertise);
        set("taffrail.peer.advertised-address", advertisePeer);
        set("taffrail.ready-file", readyFile);
        if (voters.isPresent()) {
            set("taffrail.cluster.voters", voters);
            System.setProperty("taffrail.cluster.mode", "static");
        }
        if (unsafeStorage) {
            System.setProperty("taffrail.unsafe.storage", "true");
        }
        if (json) {
            System.setProperty("quarkus.log.console.json.enabled", "true");
        }
        return ServiceMain.run();
    }

    private static void set(String property, Optional<String> value) {
        value.ifPresent(text -> System.setProperty(property, text));
    }
}

package io.taffrail.bench.service;

import io.taffrail.client.Endpoint;
import io.taffrail.client.LogClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/// Puts load on a running service and prints one JSON object a line. The lines of standard input as workloads let a
/// script run two services in turn, each with a load generator that stays warm: see `bench/compare-commits`.
public final class ServiceLoad {
    private static final int USAGE_EXIT = 2;

    private ServiceLoad() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException wrong) {
            System.err.println(wrong.getMessage() + "\n" + Options.USAGE);
            System.exit(USAGE_EXIT);
            return;
        }
        try (var client = LogClient.connect(options.servers().toArray(String[]::new))) {
            var version =
                    client.status(Endpoint.parse(options.servers().getFirst())).getVersion();
            var runs = new Runs(client, options, version);
            if (options.workloads().isEmpty()) {
                fromStandardInput(runs);
                return;
            }
            for (var round = 1; round <= options.rounds(); round++) {
                for (var workload : options.workloads()) {
                    System.out.println(runs.run(workload, round).json());
                }
            }
        }
    }

    private static void fromStandardInput(Runs runs) throws IOException, InterruptedException {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var round = 0;
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            System.out.println(runs.run(Workload.parse(line), ++round).json());
            System.out.flush();
        }
    }
}

package io.taffrail.bench.service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Processor seconds of the service, of this process and of the whole machine at one moment, from `/proc`.
record ProcessorTime(double serverSeconds, double clientSeconds, double machineSeconds) {
    private static final double TICKS_PER_SECOND = 100;
    private static final Path MACHINE = Path.of("/proc/stat");
    private static final int USER_TICKS = 11;
    private static final int SYSTEM_TICKS = 12;

    static ProcessorTime now(List<Long> serverPids) {
        var server = 0.0;
        for (var pid : serverPids) {
            server += ofProcess(pid);
        }
        return new ProcessorTime(server, ofProcess(ProcessHandle.current().pid()), ofMachine());
    }

    ProcessorTime since(ProcessorTime start) {
        return new ProcessorTime(
                serverSeconds - start.serverSeconds,
                clientSeconds - start.clientSeconds,
                machineSeconds - start.machineSeconds);
    }

    double otherSeconds() {
        return Math.max(0, machineSeconds - serverSeconds - clientSeconds);
    }

    private static double ofProcess(long pid) {
        try {
            var stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            // The name, in parentheses, may hold anything.
            var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS])) / TICKS_PER_SECOND;
        } catch (IOException gone) {
            throw new IllegalStateException("process " + pid + " is gone", gone);
        }
    }

    private static double ofMachine() {
        try (var lines = Files.lines(MACHINE)) {
            var fields = lines.findFirst().orElseThrow().trim().split(" +");
            var ticks = 0L;
            for (var i = 1; i < Math.min(8, fields.length); i++) {
                // Idle, and waiting for I/O.
                if (i != 4 && i != 5) {
                    ticks += Long.parseLong(fields[i]);
                }
            }
            return ticks / TICKS_PER_SECOND;
        } catch (IOException unreadable) {
            return 0;
        }
    }
}

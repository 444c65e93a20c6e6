package io.taffrail.service.telemetry;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// What the process knows of itself that is not the replica's: its version, how it does I/O, what is to be warned of.
/// Any thread.
public final class ProcessInfo {
    private final String version;
    private final boolean fsyncDisabled;
    private final List<String> warnings = new CopyOnWriteArrayList<>();
    private volatile String ioMethod = "";
    private volatile String ioMethodReason = "";

    public ProcessInfo(String version, boolean fsyncDisabled) {
        this.version = version;
        this.fsyncDisabled = fsyncDisabled;
    }

    public void ioChosen(String method, String reason) {
        ioMethod = method;
        ioMethodReason = reason;
    }

    public void warn(String warning) {
        warnings.add(warning);
    }

    public String version() {
        return version;
    }

    public boolean fsyncDisabled() {
        return fsyncDisabled;
    }

    public List<String> warnings() {
        return warnings;
    }

    /// Empty before it is chosen.
    public String ioMethod() {
        return ioMethod;
    }

    public String ioMethodReason() {
        return ioMethodReason;
    }
}

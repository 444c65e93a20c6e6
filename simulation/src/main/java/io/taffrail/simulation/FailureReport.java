package io.taffrail.simulation;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Locale;

/// What a person needs who wants to know why a run failed.
public final class FailureReport {
    private FailureReport() {}

    public static String of(Simulation.Result result, int events) {
        var text = new StringWriter();
        var out = new PrintWriter(text);
        out.println("seed " + result.options().seed() + " failed: " + summary(result));
        out.println("  " + result.options());
        var violation = result.violation();
        if (violation != null) {
            violation.printStackTrace(out);
        }
        var newest = result.newestEvents();
        newest.subList(Math.max(0, newest.size() - events), newest.size()).forEach(out::println);
        out.println("replay: " + replay(result.options()));
        out.flush();
        return text.toString();
    }

    /// The smaller run, and the line that replays it.
    public static String shrunk(SimulationOptions smallest) {
        return "shrunk: %s%nreplay: %s%n".formatted(smallest, replay(smallest));
    }

    private static String replay(SimulationOptions options) {
        return "mvn -pl simulation -am test -Dtest=SeedsTest -Dsurefire.failIfNoSpecifiedTests=false "
                + options.properties();
    }

    public static String summary(Simulation.Result result) {
        return String.format(
                Locale.ROOT,
                "%s; %.1f simulated seconds, %,d events, trace %016x",
                result.violation() == null
                        ? "every promise kept"
                        : result.violation().getMessage(),
                result.simulatedNanos() / 1e9,
                result.events(),
                result.traceHash());
    }
}

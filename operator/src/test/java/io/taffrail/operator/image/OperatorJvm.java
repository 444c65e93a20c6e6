package io.taffrail.operator.image;

import java.util.List;

/// How the operator's image runs its JVM: sparingly, since many clusters have to fit in the chart's memory limit.
public final class OperatorJvm {
    /// The serial collector, whatever the node's size: another keeps tens of MiB for itself. The quick compiler
    /// alone: the operator waits for others nearly all of its time. And a heap of a third of the container's
    /// limit; what is beside it, classes and code for the most part, does not grow with the clusters.
    public static final List<String> OPTIONS =
            List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:MaxRAMPercentage=33");

    private OperatorJvm() {}
}

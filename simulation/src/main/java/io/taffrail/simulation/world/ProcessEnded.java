package io.taffrail.simulation.world;

/// Unwinds the stack of a process that dies in the middle of a call. An error, so that production code that
/// catches exceptions does not outlive its own death.
public final class ProcessEnded extends Error {
    private static final long serialVersionUID = 1;

    public ProcessEnded(String where) {
        super(where, null, false, false);
    }
}

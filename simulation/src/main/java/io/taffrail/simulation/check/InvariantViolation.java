package io.taffrail.simulation.check;

/// A promise that does not hold.
public final class InvariantViolation extends RuntimeException {
    private static final long serialVersionUID = 1;

    public InvariantViolation(String invariant, String message) {
        super(invariant + ": " + message);
    }

    public InvariantViolation(String invariant, String message, Throwable cause) {
        super(invariant + ": " + message, cause);
    }
}

package io.taffrail.operator.crd;

/// A field of a spec whose value nobody can read. The schema stops most; this is for what it lets through: values
/// that were stored under an older schema, and numbers that are larger than what holds them.
public final class UnreadableFieldException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// @param field its path below `spec`, as a user writes it
    public UnreadableFieldException(String field, String value, String allowed) {
        super("spec." + field + " is \"" + value + "\": allowed is " + allowed);
    }
}

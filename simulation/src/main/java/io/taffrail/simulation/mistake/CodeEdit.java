package io.taffrail.simulation.mistake;

import org.jspecify.annotations.Nullable;

/// A small change of one method's bytecode. Types are named without `io.taffrail.`, nested ones as in
/// `protocol.Tally$Testimony`; a method's overloads are changed alike. An edit that fits nowhere is refused when the
/// class is loaded: the code has moved on and the mistake with it.
public sealed interface CodeEdit {
    String type();

    String method();

    /// The whole method only answers `constant`.
    record Answers(String type, String method, @Nullable Object constant) implements CodeEdit {}

    /// Calls of `callee` within the method are not made; `constant` stands for what they would have returned.
    ///
    /// @param which counted from 1, in the order of the bytecode; 0: all
    record CallAnswers(
            String type,
            String method,
            String callee,
            @Nullable Object constant,
            int which) implements CodeEdit {}

    /// Calls of `callee` go to another method of the same owner with the same arguments and result.
    record CallsInstead(String type, String method, String callee, String other, int which) implements CodeEdit {}

    /// Calls of `callee` go to the static method of [Mistakes], which is given the receiver first.
    record CallsMistake(String type, String method, String callee, String mistake) implements CodeEdit {}

    /// The field reads as `constant`.
    record FieldReads(
            String type,
            String method,
            String field,
            @Nullable Object constant) implements CodeEdit {}

    /// The field is not assigned.
    record AssignmentSkipped(String type, String method, String field) implements CodeEdit {}

    /// The first condition behind a use of `member` (a field or a method) does not matter: its jump is always, or
    /// never, taken.
    ///
    /// @param which use of the member, counted from 1
    record BranchAfter(String type, String method, String member, boolean taken, int which) implements CodeEdit {}

    /// Stands for an enum's constant.
    record EnumConstant(String type, String name) {}

    static CodeEdit answers(String type, String method, @Nullable Object constant) {
        return new Answers(type, method, constant);
    }

    static CodeEdit skips(String type, String method, String callee) {
        return new CallAnswers(type, method, callee, null, 0);
    }

    static CodeEdit callAnswers(String type, String method, String callee, @Nullable Object constant) {
        return new CallAnswers(type, method, callee, constant, 0);
    }

    static CodeEdit callAnswers(String type, String method, String callee, @Nullable Object constant, int which) {
        return new CallAnswers(type, method, callee, constant, which);
    }

    static CodeEdit callsInstead(String type, String method, String callee, String other) {
        return new CallsInstead(type, method, callee, other, 0);
    }

    static CodeEdit callsInstead(String type, String method, String callee, String other, int which) {
        return new CallsInstead(type, method, callee, other, which);
    }

    static CodeEdit callsMistake(String type, String method, String callee, String mistake) {
        return new CallsMistake(type, method, callee, mistake);
    }

    static CodeEdit fieldReads(String type, String method, String field, @Nullable Object constant) {
        return new FieldReads(type, method, field, constant);
    }

    static CodeEdit assignmentSkipped(String type, String method, String field) {
        return new AssignmentSkipped(type, method, field);
    }

    /// The code behind the condition is entered: `javac` jumps where it does not hold (and, within an `||`, where it
    /// does).
    static CodeEdit neverJumps(String type, String method, String member, int which) {
        return new BranchAfter(type, method, member, false, which);
    }

    static CodeEdit alwaysJumps(String type, String method, String member, int which) {
        return new BranchAfter(type, method, member, true, which);
    }
}

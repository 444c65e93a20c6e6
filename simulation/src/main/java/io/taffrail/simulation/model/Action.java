package io.taffrail.simulation.model;

/// What may happen next, as a number: searches keep millions of them.
enum Action {
    DELIVER(0),
    STAND(1),
    APPEND(2),
    FLUSH(3),
    WRITE_META(4),
    CRASH(5),
    TICK(6),
    GREET(7),
    DAMAGE(8),
    CHANGE(9);

    private static final int SHIFT = 28;
    private static final Action[] BY_CODE = values();

    private final int code;

    Action(int code) {
        this.code = code;
    }

    int with(int argument) {
        return (code << SHIFT) | argument;
    }

    static Action of(int action) {
        return BY_CODE[action >>> SHIFT];
    }

    static int argument(int action) {
        return action & ((1 << SHIFT) - 1);
    }
}

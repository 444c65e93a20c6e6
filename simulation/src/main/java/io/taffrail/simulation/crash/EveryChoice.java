package io.taffrail.simulation.crash;

import io.taffrail.simulation.world.Choices;
import java.util.ArrayList;
import java.util.List;

/// Walks through all combinations of choices, like an odometer: the first pass answers 0 everywhere, each
/// [#advance] changes the last answer that has another possibility left.
final class EveryChoice implements Choices {
    private record Digit(int picked, int options) {}

    private final List<Digit> digits = new ArrayList<>();
    private int position;

    @Override
    public int pick(int options) {
        if (position == digits.size()) {
            digits.add(new Digit(0, options));
        }
        var digit = digits.get(position++);
        if (digit.options() != options) {
            throw new IllegalStateException("the same choices led to another question: " + digit + ", " + options);
        }
        return digit.picked();
    }

    /// To the next combination; false: all have been walked.
    boolean advance() {
        position = 0;
        while (!digits.isEmpty()) {
            var last = digits.removeLast();
            if (last.picked() + 1 < last.options()) {
                digits.add(new Digit(last.picked() + 1, last.options()));
                return true;
            }
        }
        return false;
    }

    /// How many combinations there are, if every path asks the questions of this one.
    double combinations() {
        return digits.stream().mapToDouble(Digit::options).reduce(1, (a, b) -> a * b);
    }
}

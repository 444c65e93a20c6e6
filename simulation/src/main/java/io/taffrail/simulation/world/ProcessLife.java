package io.taffrail.simulation.world;

import java.util.function.Supplier;

/// Whether a process lives, asked before and after each effect that it has on the world. Between two effects
/// nothing can be told apart from outside, so dying at effects covers every instant.
public final class ProcessLife {
    private final String name;
    private boolean ended;
    private long effects;
    private long endAtEffect = Long.MAX_VALUE;
    private boolean observed;

    public ProcessLife(String name) {
        this.name = name;
    }

    public String name() {
        return name;
    }

    public boolean ended() {
        return ended;
    }

    public long effects() {
        return effects;
    }

    /// The process dies at its `count`-th effect from now; 1 is the next.
    public void endAfterEffects(long count) {
        endAtEffect = effects + count;
    }

    public void end() {
        ended = true;
    }

    /// Looks into the process without disturbing it: what `look` does is no effect, costs no time and cannot fail
    /// by a fault.
    public <T> T observe(Supplier<T> look) {
        var outer = observed;
        observed = true;
        try {
            return look.get();
        } finally {
            observed = outer;
        }
    }

    boolean observed() {
        return observed;
    }

    /// Throws [ProcessEnded] if the process is dead or dies here.
    public void effect(String what) {
        effect(what, "");
    }

    /// The same. `about`: told behind `what` if it comes to that.
    void effect(String what, Object about) {
        if (observed) {
            return;
        }
        if (ended) {
            throw new ProcessEnded(name + " is dead: " + what + about);
        }
        effects++;
        if (effects >= endAtEffect) {
            ended = true;
            throw new ProcessEnded(name + " dies at effect " + effects + ": " + what + about);
        }
    }
}

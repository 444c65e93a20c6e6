package io.taffrail.simulation.world;

/// Whether a process lives, asked before and after each effect that it has on the world. Between two effects
/// nothing can be told apart from outside, so dying at effects covers every instant.
public final class ProcessLife {
    private final String name;
    private boolean ended;
    private long effects;
    private long endAtEffect = Long.MAX_VALUE;

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

    /// Throws [ProcessEnded] if the process is dead or dies here.
    public void effect(String what) {
        if (ended) {
            throw new ProcessEnded(name + " is dead: " + what);
        }
        effects++;
        if (effects >= endAtEffect) {
            ended = true;
            throw new ProcessEnded(name + " dies at effect " + effects + ": " + what);
        }
    }
}

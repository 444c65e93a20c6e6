package io.taffrail.simulation.crash;

import io.taffrail.simulation.world.Choices;
import io.taffrail.simulation.world.SimulatedDisk;
import io.taffrail.simulation.world.StandaloneProcess;
import org.jspecify.annotations.Nullable;

/// Something that production code does to its disk and that may be cut short anywhere. A new object is made for
/// every crash point and does the same each time.
public interface CrashScenario {
    /// What is done before crashes are considered.
    void prepare(StandaloneProcess process) throws Exception;

    /// Not null: power is lost between the two, and what is cut short is the next process's doing.
    default @Nullable Choices powerLossBefore() {
        return null;
    }

    /// What is cut short.
    void act(StandaloneProcess process) throws Exception;

    /// Recovers from the image and throws if a promise is broken that was made before the crash.
    void verify(SimulatedDisk image) throws Exception;

    /// Everything that [#verify] depends on besides the image: equal states and equal images are tried once.
    long promised();
}

/// Load on one log in this process, as a replica's loop puts it there. Open [EngineLoad] first.
@NullMarked
package io.taffrail.bench.engine;

import org.jspecify.annotations.NullMarked;

/// Every state in which a crash may leave a disk, tried one by one. Open
/// [io.taffrail.simulation.crash.CrashImages] first.
@NullMarked
package io.taffrail.simulation.crash;

import org.jspecify.annotations.NullMarked;

/// [WorkerIoMethod]: the sync method on the threads it is given.
@NullMarked
package io.taffrail.wal.io.worker;

import org.jspecify.annotations.NullMarked;

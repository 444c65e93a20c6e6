/// [SyncIoMethod]: runs every request at once; the reference the other methods must agree with.
@NullMarked
package io.taffrail.wal.io.sync;

import org.jspecify.annotations.NullMarked;

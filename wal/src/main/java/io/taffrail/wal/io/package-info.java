/// The only door to the disk. Open [IoMethod] first.
@NullMarked
package io.taffrail.wal.io;

import org.jspecify.annotations.NullMarked;

/// The few calls of the C library that more than one I/O method needs. Open [LibC] first.
@NullMarked
package io.taffrail.wal.io.libc;

import org.jspecify.annotations.NullMarked;

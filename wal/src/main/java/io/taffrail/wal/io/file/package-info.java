/// Files of a file system that the operating system mounts. Open [FileLogDirectory] first.
@NullMarked
package io.taffrail.wal.io.file;

import org.jspecify.annotations.NullMarked;

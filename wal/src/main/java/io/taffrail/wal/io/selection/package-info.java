/// Chooses an I/O method by trying it. Open [IoMethods] first.
@NullMarked
package io.taffrail.wal.io.selection;

import org.jspecify.annotations.NullMarked;

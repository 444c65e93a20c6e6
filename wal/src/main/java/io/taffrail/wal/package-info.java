/// The write-ahead-log engine's face. Open [Wal] first.
@NullMarked
package io.taffrail.wal;

import org.jspecify.annotations.NullMarked;

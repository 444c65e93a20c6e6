/// Segment files: names, formats, what a crash leaves of them, and the memory that is laid out like them. Open
/// [SegmentScanner] first for reading, [TailBuffer] for writing. Knows nothing of who asks: defects are values.
@NullMarked
package io.taffrail.wal.segment;

import org.jspecify.annotations.NullMarked;

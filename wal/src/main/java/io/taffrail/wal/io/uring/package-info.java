/// io_uring: [UringIoMethod] is the method, [Ring] the two queues that it shares with the kernel.
@NullMarked
package io.taffrail.wal.io.uring;

import org.jspecify.annotations.NullMarked;

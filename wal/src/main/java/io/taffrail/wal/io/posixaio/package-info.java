/// The C library's asynchronous I/O: [PosixAioMethod] is the method, [ControlBlock] what it shares with glibc.
@NullMarked
package io.taffrail.wal.io.posixaio;

import org.jspecify.annotations.NullMarked;

package io.taffrail.wal.io.posixaio;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.libc.LibC;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// One `struct aiocb` (glibc, 64-bit: `aio.h`) and the calls on it. glibc keeps a pointer to it while the
/// operation runs, so it stays where it is until [#finish].
final class ControlBlock {
    static final int BYTES = 168;

    private static final int O_DSYNC = LibC.O_DSYNC;
    private static final int AT_DESCRIPTOR = 0;
    private static final int AT_BUFFER = 16;
    private static final int AT_LENGTH = 24;
    private static final int AT_NOTIFY = 44;
    private static final int AT_OFFSET = 128;
    private static final int SIGEV_NONE = 1;

    private static final MethodHandle AIO_READ = LibC.failing("aio_read", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle AIO_WRITE = LibC.failing("aio_write", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle AIO_FSYNC =
            LibC.failing("aio_fsync", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    // These look into the block and return.
    private static final MethodHandle AIO_ERROR =
            LibC.plain("aio_error", FunctionDescriptor.of(JAVA_INT, ADDRESS), Linker.Option.critical(false));
    private static final MethodHandle AIO_RETURN =
            LibC.plain("aio_return", FunctionDescriptor.of(JAVA_LONG, ADDRESS), Linker.Option.critical(false));

    final MemorySegment block;
    private final MemorySegment errno;

    ControlBlock(MemorySegment block, MemorySegment errno) {
        this.block = block;
        this.errno = errno;
        block.set(JAVA_INT, AT_NOTIFY, SIGEV_NONE);
    }

    /// Each of these returns 0 or the errno of the refusal to start.
    int read(int descriptor, long address, long bytes, long position) {
        fill(descriptor, address, bytes, position);
        return start(AIO_READ);
    }

    int write(int descriptor, long address, long bytes, long position) {
        fill(descriptor, address, bytes, position);
        return start(AIO_WRITE);
    }

    int fdatasync(int descriptor) {
        fill(descriptor, 0, 0, 0);
        try {
            var result = (int) AIO_FSYNC.invokeExact(errno, O_DSYNC, block);
            return result == 0 ? 0 : LibC.errno(errno);
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }

    private void fill(int descriptor, long address, long bytes, long position) {
        block.set(JAVA_INT, AT_DESCRIPTOR, descriptor);
        block.set(JAVA_LONG, AT_BUFFER, address);
        block.set(JAVA_LONG, AT_LENGTH, bytes);
        block.set(JAVA_LONG, AT_OFFSET, position);
    }

    private int start(MethodHandle call) {
        try {
            var result = (int) call.invokeExact(errno, block);
            return result == 0 ? 0 : LibC.errno(errno);
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }

    boolean isRunning() {
        return error() == Errno.EINPROGRESS.number();
    }

    private int error() {
        try {
            return (int) AIO_ERROR.invokeExact(block);
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }

    /// Once, when it does not run any more: the bytes transferred or the negated errno.
    long finish() {
        try {
            var error = error();
            var bytes = (long) AIO_RETURN.invokeExact(block);
            return error == 0 ? bytes : -error;
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }
}

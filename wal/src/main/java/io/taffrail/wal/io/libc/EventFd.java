package io.taffrail.wal.io.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.taffrail.wal.io.KernelRefusedException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// A counter of the kernel whose owner keeps an asynchronous read on it: [#add] from any thread completes the
/// read, and so ends the owner's wait for completions.
public final class EventFd implements AutoCloseable {
    public static final int VALUE_BYTES = 8;

    private static final int EFD_CLOEXEC = 0x80000;
    private static final MethodHandle EVENTFD =
            LibC.failing("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle WRITE =
            LibC.plain("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_LONG, 1);

    private final int descriptor;
    private boolean closed;

    public EventFd() throws KernelRefusedException {
        try (var arena = Arena.ofConfined()) {
            var errno = LibC.errnoSegment(arena);
            descriptor = (int) EVENTFD.invokeExact(errno, 0, EFD_CLOEXEC);
            if (descriptor < 0) {
                throw new KernelRefusedException("eventfd", LibC.errno(errno));
            }
        } catch (KernelRefusedException e) {
            throw e;
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }

    public int descriptor() {
        return descriptor;
    }

    /// Does nothing once closed. Synchronized with [#close]: a thread that was held up just before the write
    /// could else write into whatever file has the number by then.
    public synchronized void add() {
        if (closed) {
            return;
        }
        try {
            var _ = (long) WRITE.invokeExact(descriptor, ONE, (long) VALUE_BYTES);
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            LibC.close(descriptor);
        }
    }
}

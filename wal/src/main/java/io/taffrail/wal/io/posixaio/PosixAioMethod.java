package io.taffrail.wal.io.posixaio;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.taffrail.wal.io.CompletionQueue;
import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.KernelRefusedException;
import io.taffrail.wal.io.OwnerSignal;
import io.taffrail.wal.io.libc.EventFd;
import io.taffrail.wal.io.libc.LibC;
import io.taffrail.wal.io.libc.NativeFiles;
import io.taffrail.wal.io.libc.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/// POSIX AIO as glibc does it: with threads of its own, one at a time for a descriptor. It is here to be
/// compared with, and for systems whose kernel offers no more. A durable write goes to a descriptor that was
/// opened with O_DSYNC.
///
/// The wake-up is one more `aio_read` that is always in flight, on an eventfd: `aio_suspend` waits for it as
/// for any other, so nothing is called back on a foreign thread and nothing is polled. It holds one of glibc's
/// threads (20 unless the process says otherwise), hence [#METHODS_LIMIT].
public final class PosixAioMethod implements IoMethod {
    /// Requests that glibc has at once; more wait here for their turn.
    public static final int IN_FLIGHT_LIMIT = 64;

    /// Methods of a process: their wake-ups must leave most of glibc's threads to the disk.
    public static final int METHODS_LIMIT = 8;

    private static final AtomicInteger METHODS = new AtomicInteger();
    private static final MethodHandle AIO_SUSPEND =
            LibC.failing("aio_suspend", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
    private static final int WAKE_SLOT = IN_FLIGHT_LIMIT;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment errno = LibC.errnoSegment(arena);
    private final MemorySegment timeout = arena.allocate(16, 8);
    // What aio_suspend waits for: a pointer for each slot, null where nothing runs, which it skips.
    private final MemorySegment running = arena.allocate(ADDRESS, IN_FLIGHT_LIMIT + 1L);
    private final MemorySegment wakeValue = arena.allocate(EventFd.VALUE_BYTES, EventFd.VALUE_BYTES);
    private final ControlBlock[] blocks = new ControlBlock[IN_FLIGHT_LIMIT + 1];
    private final Transfer[] transfers = new Transfer[IN_FLIGHT_LIMIT];
    private final ArrayDeque<Transfer> free = new ArrayDeque<>(IN_FLIGHT_LIMIT);
    private final ArrayDeque<IoRequest> waiting = new ArrayDeque<>();
    private final NativeFiles files;
    private final NativeFiles durableFiles;
    private final EventFd wake;
    private final OwnerSignal signal = new OwnerSignal();
    private final CompletionQueue completions = new CompletionQueue();
    private final BooleanSupplier isIdle = completions::isEmpty;
    private final LongConsumer sleepOnce = this::sleepOnce;
    private boolean wakeArmed;

    /// `background` closes the descriptors of closed files.
    public static PosixAioMethod open(Executor background) throws KernelRefusedException {
        LibC.requireLinux();
        if (METHODS.incrementAndGet() > METHODS_LIMIT) {
            METHODS.decrementAndGet();
            throw new KernelRefusedException(
                    "posix_aio",
                    Errno.EAGAIN.number(),
                    "this process has " + METHODS_LIMIT + " such methods open, all that glibc's threads can serve");
        }
        try {
            return new PosixAioMethod(new EventFd(), background);
        } catch (KernelRefusedException e) {
            METHODS.decrementAndGet();
            throw e;
        }
    }

    private PosixAioMethod(EventFd wake, Executor background) {
        this.wake = wake;
        this.files = new NativeFiles(0, background);
        this.durableFiles = new NativeFiles(LibC.O_DSYNC, background);
        for (var i = 0; i <= IN_FLIGHT_LIMIT; i++) {
            blocks[i] = new ControlBlock(arena.allocate(ControlBlock.BYTES, 8), errno);
        }
        for (var i = 0; i < IN_FLIGHT_LIMIT; i++) {
            transfers[i] = new Transfer(i);
            free.add(transfers[i]);
        }
    }

    @Override
    public String name() {
        return "posix_aio";
    }

    @Override
    public void submit(IoRequest request) {
        completions.started();
        begin(request);
    }

    private void begin(IoRequest request) {
        var transfer = free.poll();
        if (transfer == null) {
            waiting.add(request);
            return;
        }
        transfer.begin(request);
        goOn(transfer);
    }

    private void goOn(Transfer transfer) {
        var request = transfer.request();
        try {
            var refusal = start(transfer, request);
            if (refusal == 0) {
                running.setAtIndex(ADDRESS, transfer.slot(), blocks[transfer.slot()].block);
                return;
            }
            completions.failed(request, refusal, Errno.describe(refusal));
        } catch (KernelRefusedException e) {
            completions.failed(request, e.errno(), String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            completions.failed(request, Errno.EINVAL.number(), String.valueOf(e.getMessage()));
        }
        release(transfer);
    }

    private int start(Transfer transfer, IoRequest request) throws KernelRefusedException {
        var durable = request instanceof IoRequest.Write write && write.durable();
        transfer.descriptor((durable ? durableFiles : files).descriptor(request.file()));
        var block = blocks[transfer.slot()];
        return switch (request) {
            case IoRequest.Read read ->
                block.read(
                        transfer.descriptor(),
                        transfer.nextAddress(),
                        transfer.leftBytes(),
                        read.position() + transfer.doneBytes());
            case IoRequest.Write write ->
                block.write(
                        transfer.descriptor(),
                        transfer.nextAddress(),
                        transfer.leftBytes(),
                        write.position() + transfer.doneBytes());
            case IoRequest.Sync _ -> block.fdatasync(transfer.descriptor());
        };
    }

    @Override
    public int poll() {
        reap();
        // glibc looks a descriptor up when one of its threads gets to the request.
        files.sweep(this::inUse);
        durableFiles.sweep(this::inUse);
        return completions.run();
    }

    private boolean inUse(int descriptor) {
        for (var transfer : transfers) {
            if (transfer.isInFlight() && transfer.descriptor() == descriptor) {
                return true;
            }
        }
        return false;
    }

    private void reap() {
        if (wakeArmed && !blocks[WAKE_SLOT].isRunning()) {
            blocks[WAKE_SLOT].finish();
            running.setAtIndex(ADDRESS, WAKE_SLOT, MemorySegment.NULL);
            wakeArmed = false;
        }
        if (free.size() < transfers.length) {
            for (var transfer : transfers) {
                if (transfer.isInFlight() && !blocks[transfer.slot()].isRunning()) {
                    answered(transfer);
                }
            }
        }
        while (!waiting.isEmpty() && !free.isEmpty()) {
            begin(waiting.remove());
        }
    }

    private void answered(Transfer transfer) {
        running.setAtIndex(ADDRESS, transfer.slot(), MemorySegment.NULL);
        var result = transfer.answered(blocks[transfer.slot()].finish());
        if (result == null) {
            goOn(transfer);
        } else {
            completions.finished(transfer.request().completion(), result);
            release(transfer);
        }
    }

    private void release(Transfer transfer) {
        transfer.end();
        free.add(transfer);
    }

    @Override
    public void await(long timeoutNanos) {
        reap();
        if (completions.isEmpty()) {
            // What ends the kernel's wait may be half a transfer, a signal or a wake-up that came late.
            signal.sleep(timeoutNanos, isIdle, sleepOnce);
        }
    }

    private void sleepOnce(long nanos) {
        armWake();
        suspend(nanos);
        reap();
    }

    private void armWake() {
        if (wakeArmed) {
            return;
        }
        var refusal = blocks[WAKE_SLOT].read(wake.descriptor(), wakeValue.address(), EventFd.VALUE_BYTES, 0);
        if (refusal != 0) {
            throw new IllegalStateException("aio_read of the wake-up: " + Errno.describe(refusal));
        }
        running.setAtIndex(ADDRESS, WAKE_SLOT, blocks[WAKE_SLOT].block);
        wakeArmed = true;
    }

    private void suspend(long nanos) {
        timeout.set(JAVA_LONG, 0, nanos / 1_000_000_000);
        timeout.set(JAVA_LONG, 8, nanos % 1_000_000_000);
        try {
            var result = (int) AIO_SUSPEND.invokeExact(errno, running, IN_FLIGHT_LIMIT + 1, timeout);
            // EAGAIN: the time is over.
            if (result != 0
                    && LibC.errno(errno) != Errno.EAGAIN.number()
                    && LibC.errno(errno) != Errno.EINTR.number()) {
                throw new IllegalStateException("aio_suspend: " + Errno.describe(LibC.errno(errno)));
            }
        } catch (IllegalStateException e) {
            throw e;
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }

    @Override
    public void wakeup() {
        if (signal.wakeup()) {
            wake.add();
        }
    }

    @Override
    public int inFlight() {
        return completions.inFlight();
    }

    @Override
    public void close() {
        reap();
        while (free.size() < transfers.length) {
            suspend(Long.MAX_VALUE);
            reap();
        }
        // glibc must let go of the wake-up's control block too before it is freed.
        if (wakeArmed) {
            wake.add();
        }
        while (wakeArmed) {
            suspend(Long.MAX_VALUE);
            reap();
        }
        wake.close();
        files.close();
        durableFiles.close();
        arena.close();
        completions.clear();
        METHODS.decrementAndGet();
    }
}

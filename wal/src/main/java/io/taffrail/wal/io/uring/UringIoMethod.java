package io.taffrail.wal.io.uring;

import io.taffrail.wal.io.CompletionQueue;
import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.KernelRefusedException;
import io.taffrail.wal.io.OwnerSignal;
import io.taffrail.wal.io.file.Buffering;
import io.taffrail.wal.io.file.ChannelLogFile;
import io.taffrail.wal.io.libc.EventFd;
import io.taffrail.wal.io.libc.LibC;
import io.taffrail.wal.io.libc.NativeFiles;
import io.taffrail.wal.io.libc.Transfer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;

/// Linux's io_uring: a request costs one system call, an overlapped one no thread. A durable write is one
/// operation (RWF_DSYNC) or two ([LinkedFlushes]).
///
/// The owner must be a platform thread: on a virtual one, [#await] would hold its carrier. It may hand the
/// method on to another thread, but a thread that ends takes along what it has in flight: the kernel cancels
/// that, and it is submitted again here.
public final class UringIoMethod implements IoMethod {
    /// Requests that the kernel has at once; more wait here for their turn.
    public static final int IN_FLIGHT_LIMIT = 256;

    private static final long WAKE_USER_DATA = -1;

    private final Ring ring;
    private final EventFd wake;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment wakeValue = arena.allocate(EventFd.VALUE_BYTES, EventFd.VALUE_BYTES);
    private final NativeFiles files;
    private final OwnerSignal signal = new OwnerSignal();
    private final CompletionQueue completions = new CompletionQueue();
    private final BooleanSupplier isIdle = completions::isEmpty;
    private final LongConsumer sleepOnce = this::sleepOnce;
    private final Transfer[] transfers = new Transfer[IN_FLIGHT_LIMIT];
    private final Thread[] submitters = new Thread[IN_FLIGHT_LIMIT];
    private final LinkedFlushes flushes = new LinkedFlushes(IN_FLIGHT_LIMIT);
    private final ArrayDeque<Transfer> free = new ArrayDeque<>(IN_FLIGHT_LIMIT);
    private final ArrayDeque<IoRequest> waiting = new ArrayDeque<>();
    private final Ring.CompletionSink sink = this::answered;
    private boolean wakeArmed;

    /// Throws with a hint where the kernel, its settings or a sandbox refuse io_uring. `background` closes the
    /// descriptors of closed files.
    public static UringIoMethod open(Executor background) throws KernelRefusedException {
        LibC.requireLinux();
        // Two entries for each transfer, and one for the wake-up's read.
        var ring = Ring.open(2 * IN_FLIGHT_LIMIT + 1);
        try {
            return new UringIoMethod(ring, new EventFd(), background);
        } catch (KernelRefusedException e) {
            ring.close();
            throw e;
        }
    }

    private UringIoMethod(Ring ring, EventFd wake, Executor background) {
        this.ring = ring;
        this.wake = wake;
        this.files = new NativeFiles(0, background);
        for (var i = 0; i < transfers.length; i++) {
            transfers[i] = new Transfer(i);
            free.add(transfers[i]);
        }
    }

    @Override
    public String name() {
        return "io_uring";
    }

    @Override
    public void submit(IoRequest request) {
        completions.started();
        begin(request);
        flush();
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
            // Every time: the file may be closed since, and its number another file's.
            transfer.descriptor(files.descriptor(request.file()));
        } catch (KernelRefusedException e) {
            release(transfer);
            completions.failed(request, e.errno(), String.valueOf(e.getMessage()));
            return;
        } catch (IllegalArgumentException e) {
            release(transfer);
            completions.failed(request, Errno.EINVAL.number(), String.valueOf(e.getMessage()));
            return;
        }
        submitters[transfer.slot()] = Thread.currentThread();
        if (!prepare(transfer, request)) {
            // The queue has two entries for every transfer, and each has no more prepared.
            throw new IllegalStateException("the submission queue of " + ring.capacity() + " is full");
        }
    }

    private boolean prepare(Transfer transfer, IoRequest request) {
        flushes.begin(transfer.slot(), isLinked(request));
        return switch (request) {
            case IoRequest.Read read -> transfer(Ring.OP_READ, 0, 0, transfer, read.position());
            case IoRequest.Write write -> prepareWrite(transfer, write);
            case IoRequest.Sync _ -> flush(transfer, transfer.slot());
        };
    }

    private static boolean isLinked(IoRequest request) {
        return request instanceof IoRequest.Write write
                && write.durable()
                && write.file() instanceof ChannelLogFile file
                && file.buffering() == Buffering.DIRECT
                && file.needsDeviceFlush();
    }

    private boolean prepareWrite(Transfer transfer, IoRequest.Write write) {
        if (isLinked(write)) {
            return transfer(Ring.OP_WRITE, Ring.LINK_NEXT, 0, transfer, write.position())
                    && flush(transfer, LinkedFlushes.flushOf(transfer.slot()));
        }
        return transfer(Ring.OP_WRITE, 0, write.durable() ? Ring.RWF_DSYNC : 0, transfer, write.position());
    }

    private boolean transfer(int opcode, int entryFlags, int operationFlags, Transfer transfer, long position) {
        return ring.prepare(
                opcode,
                entryFlags,
                transfer.descriptor(),
                transfer.nextAddress(),
                transfer.leftBytes(),
                position + transfer.doneBytes(),
                operationFlags,
                transfer.slot());
    }

    private boolean flush(Transfer transfer, long userData) {
        return ring.prepare(Ring.OP_FSYNC, 0, transfer.descriptor(), 0, 0, 0, Ring.FSYNC_DATASYNC, userData);
    }

    @Override
    public int poll() {
        reap();
        // What is prepared names a descriptor by its number; what the kernel has taken over does not.
        if (!ring.hasUnsubmitted()) {
            files.sweep(_ -> false);
        }
        return completions.run();
    }

    private void reap() {
        ring.reap(sink);
        while (!waiting.isEmpty() && !free.isEmpty()) {
            begin(waiting.remove());
        }
        flush();
    }

    private void flush() {
        if (ring.hasUnsubmitted()) {
            ring.submit();
            noteSevered();
        }
    }

    private void noteSevered() {
        if (ring.hasUnsubmitted() && LinkedFlushes.isFlush(ring.firstUnsubmitted())) {
            flushes.severed(LinkedFlushes.slot(ring.firstUnsubmitted()));
        }
    }

    private void answered(long userData, int answer) {
        if (userData == WAKE_USER_DATA) {
            wakeArmed = false;
            return;
        }
        if (flushes.isFirstOfTwo(userData, answer)) {
            return;
        }
        var transfer = transfers[LinkedFlushes.slot(userData)];
        var result = transfer.answered(orCancelled(transfer, flushes.combined(userData, answer, transfer.leftBytes())));
        if (result == null) {
            goOn(transfer);
        } else {
            completions.finished(transfer.request().completion(), result);
            release(transfer);
        }
    }

    /// What the kernel had begun for a thread that ended meanwhile may fail for want of that thread's memory
    /// (EFAULT) instead of being cancelled.
    private int orCancelled(Transfer transfer, int answer) {
        var memoryGone = answer == -Errno.EFAULT.number() && !submitters[transfer.slot()].isAlive();
        return memoryGone ? -Errno.ECANCELED.number() : answer;
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
        ring.await(nanos);
        noteSevered();
        reap();
    }

    private void armWake() {
        if (!wakeArmed) {
            wakeArmed = ring.prepare(
                    Ring.OP_READ, 0, wake.descriptor(), wakeValue.address(), EventFd.VALUE_BYTES, 0, 0, WAKE_USER_DATA);
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
            ring.await(Long.MAX_VALUE);
            noteSevered();
            reap();
        }
        // The kernel must let go of the wake-up's eight bytes too before they are freed.
        if (wakeArmed) {
            wake.add();
        }
        while (wakeArmed) {
            ring.await(Long.MAX_VALUE);
            noteSevered();
            reap();
        }
        wake.close();
        ring.close();
        arena.close();
        files.close();
        completions.clear();
    }
}

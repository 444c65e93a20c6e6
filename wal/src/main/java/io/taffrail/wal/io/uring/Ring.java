package io.taffrail.wal.io.uring;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.taffrail.wal.io.Errno;
import io.taffrail.wal.io.KernelRefusedException;
import io.taffrail.wal.io.libc.LibC;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// An io_uring: the submission and the completion queue in memory that the kernel shares. One thread at a
/// time. Offsets and constants are those of Linux's `include/uapi/linux/io_uring.h`; the order of loads and
/// stores is that of liburing (man 7 io_uring).
final class Ring implements AutoCloseable {
    static final int OP_FSYNC = 3;
    static final int OP_READ = 22;
    static final int OP_WRITE = 23;
    /// The next entry waits for this one's full success, and is cancelled without it.
    static final int LINK_NEXT = 1 << 2;

    static final int RWF_DSYNC = 2;
    static final int FSYNC_DATASYNC = 1;

    private static final long SYS_IO_URING_SETUP = 425;
    private static final long SYS_IO_URING_ENTER = 426;
    private static final int SETUP_CLAMP = 1 << 4;
    // The kernel does not interrupt the thread to hand it a completion; the thread picks it up at its next call
    // and sees by a flag in memory that it should make one. Of Linux 5.19.
    private static final int SETUP_COOP_TASKRUN = 1 << 8;
    private static final int SETUP_TASKRUN_FLAG = 1 << 9;
    private static final int FEATURE_SINGLE_MMAP = 1;
    private static final int FEATURE_NODROP = 1 << 1;
    private static final int FEATURE_EXT_ARG = 1 << 8;
    private static final int REQUIRED_FEATURES = FEATURE_SINGLE_MMAP | FEATURE_NODROP | FEATURE_EXT_ARG;
    private static final int ENTER_GETEVENTS = 1;
    private static final int ENTER_EXT_ARG = 1 << 3;
    private static final int SQ_CQ_OVERFLOW = 1 << 1;
    private static final int SQ_TASKRUN = 1 << 2;
    private static final long MAP_SQES_OFFSET = 0x10000000L;
    private static final int SQE_BYTES = 64;
    private static final int CQE_BYTES = 16;
    private static final int PARAMS_BYTES = 120;
    private static final int GETEVENTS_ARG_BYTES = 24;

    // syscall(2) is variadic behind its first argument. Unused arguments are zeros.
    private static final MethodHandle SYSCALL = LibC.failing(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    private static final VarHandle INT = JAVA_INT.varHandle();

    /// Gets one completion: what the submission carried, and the result or the negated errno.
    @FunctionalInterface
    interface CompletionSink {
        void completed(long userData, int result);
    }

    private final Arena arena;
    private final MemorySegment errno;
    private final MemorySegment waitArgument;
    private final MemorySegment timeout;
    private final int descriptor;
    private final MemorySegment queues;
    private final MemorySegment entries;
    private final int capacity;
    private final int mask;
    private final long sqHead;
    private final long sqTail;
    private final long sqFlags;
    private final long cqHead;
    private final long cqTail;
    private final int cqMask;
    private final long cqes;
    private int tail;
    private int submitted;

    /// `capacity` is rounded up to a power of two. Throws with a hint where the kernel refuses.
    static Ring open(int capacity) throws KernelRefusedException {
        var arena = Arena.ofShared();
        try {
            return new Ring(arena, capacity);
        } catch (KernelRefusedException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private Ring(Arena arena, int wantedCapacity) throws KernelRefusedException {
        this.arena = arena;
        errno = LibC.errnoSegment(arena);
        timeout = arena.allocate(16, 8);
        waitArgument = arena.allocate(GETEVENTS_ARG_BYTES, 8);
        waitArgument.set(JAVA_LONG, 16, timeout.address());
        var params = arena.allocate(PARAMS_BYTES, 8);
        descriptor = setup(params, wantedCapacity);
        try {
            capacity = params.get(JAVA_INT, 0);
            var cqCapacity = params.get(JAVA_INT, 4);
            var arrayOffset = params.get(JAVA_INT, 40 + 24);
            cqes = params.get(JAVA_INT, 80 + 20);
            queues = LibC.map(
                    descriptor, 0, Math.max(arrayOffset + 4L * capacity, cqes + (long) CQE_BYTES * cqCapacity));
            entries = LibC.map(descriptor, MAP_SQES_OFFSET, (long) SQE_BYTES * capacity);
            sqHead = params.get(JAVA_INT, 40);
            sqTail = params.get(JAVA_INT, 40 + 4);
            sqFlags = params.get(JAVA_INT, 40 + 16);
            cqHead = params.get(JAVA_INT, 80);
            cqTail = params.get(JAVA_INT, 80 + 4);
            mask = queues.get(JAVA_INT, params.get(JAVA_INT, 40 + 8));
            cqMask = queues.get(JAVA_INT, params.get(JAVA_INT, 80 + 8));
            // The kernel reaches an entry through this array; with the identity in it, it is never touched again.
            for (var i = 0; i < capacity; i++) {
                queues.set(JAVA_INT, arrayOffset + 4L * i, i);
            }
        } catch (KernelRefusedException e) {
            LibC.close(descriptor);
            throw e;
        }
    }

    private int setup(MemorySegment params, int wantedCapacity) throws KernelRefusedException {
        var flags = SETUP_CLAMP | SETUP_COOP_TASKRUN | SETUP_TASKRUN_FLAG;
        params.set(JAVA_INT, 8, flags);
        var result = syscall(SYS_IO_URING_SETUP, wantedCapacity, params.address(), 0, 0, MemorySegment.NULL, 0);
        if (result < 0 && LibC.errno(errno) == Errno.EINVAL.number()) {
            params.fill((byte) 0).set(JAVA_INT, 8, SETUP_CLAMP);
            result = syscall(SYS_IO_URING_SETUP, wantedCapacity, params.address(), 0, 0, MemorySegment.NULL, 0);
        }
        if (result < 0) {
            throw SetupRefusal.of(LibC.errno(errno));
        }
        var features = params.get(JAVA_INT, 20);
        if ((features & REQUIRED_FEATURES) != REQUIRED_FEATURES) {
            LibC.close((int) result);
            throw new KernelRefusedException(
                    "io_uring_setup", Errno.ENOSYS.number(), "the kernel's io_uring is older than Linux 5.11's");
        }
        return (int) result;
    }

    int capacity() {
        return capacity;
    }

    /// Puts a submission into the queue; [#submit] or [#await] hands it to the kernel. False: the queue is full.
    boolean prepare(
            int opcode,
            int entryFlags,
            int file,
            long address,
            int bytes,
            long position,
            int operationFlags,
            long userData) {
        if (tail - (int) INT.getAcquire(queues, sqHead) == capacity) {
            return false;
        }
        var at = (long) SQE_BYTES * (tail & mask);
        entries.set(JAVA_INT, at, opcode | entryFlags << 8);
        entries.set(JAVA_INT, at + 4, file);
        entries.set(JAVA_LONG, at + 8, position);
        entries.set(JAVA_LONG, at + 16, address);
        entries.set(JAVA_INT, at + 24, bytes);
        entries.set(JAVA_INT, at + 28, operationFlags);
        entries.set(JAVA_LONG, at + 32, userData);
        entries.set(JAVA_LONG, at + 40, 0);
        entries.set(JAVA_LONG, at + 48, 0);
        entries.set(JAVA_LONG, at + 56, 0);
        tail++;
        // The kernel that sees the new tail must see the entry.
        INT.setRelease(queues, sqTail, tail);
        return true;
    }

    /// Hands over what is prepared. What the kernel has no room for stays in the queue for the next call.
    void submit() {
        enter(0, 0, MemorySegment.NULL, 0);
    }

    /// Hands over what is prepared and waits until a completion is there, the time is over or a signal came.
    void await(long timeoutNanos) {
        timeout.set(JAVA_LONG, 0, timeoutNanos / 1_000_000_000);
        timeout.set(JAVA_LONG, 8, timeoutNanos % 1_000_000_000);
        enter(1, ENTER_GETEVENTS | ENTER_EXT_ARG, waitArgument, GETEVENTS_ARG_BYTES);
    }

    private void enter(int atLeast, int flags, MemorySegment argument, long argumentBytes) {
        var result = syscall(SYS_IO_URING_ENTER, descriptor, tail - submitted, atLeast, flags, argument, argumentBytes);
        if (result >= 0) {
            submitted += (int) result;
            return;
        }
        var number = LibC.errno(errno);
        // EINTR and ETIME end a wait; the others say that memory or completion entries are short for now. Each
        // leaves the queue as it is, and the owner comes again.
        var comeAgain = number == Errno.EINTR.number()
                || number == Errno.ETIME.number()
                || number == Errno.EAGAIN.number()
                || number == Errno.EBUSY.number()
                || number == Errno.ENOMEM.number();
        if (!comeAgain) {
            throw new IllegalStateException("io_uring_enter: " + Errno.describe(number));
        }
        // A wait that timed out has consumed the submissions before it, but reports the time.
        submitted = (int) INT.getAcquire(queues, sqHead);
    }

    /// Passes the completions that are there to the sink, which may prepare submissions.
    void reap(CompletionSink sink) {
        if (cqEmpty() && ((int) INT.getOpaque(queues, sqFlags) & (SQ_TASKRUN | SQ_CQ_OVERFLOW)) != 0) {
            enter(0, ENTER_GETEVENTS, MemorySegment.NULL, 0);
        }
        var head = (int) INT.get(queues, cqHead);
        // Once, not in the loop's condition: what the sink adds may complete at once.
        var end = (int) INT.getAcquire(queues, cqTail);
        while (head != end) {
            var at = cqes + (long) CQE_BYTES * (head & cqMask);
            var userData = queues.get(JAVA_LONG, at);
            var result = queues.get(JAVA_INT, at + 8);
            head++;
            // The kernel may fill the entry again only after it was read.
            INT.setRelease(queues, cqHead, head);
            sink.completed(userData, result);
        }
    }

    private boolean cqEmpty() {
        return (int) INT.get(queues, cqHead) == (int) INT.getAcquire(queues, cqTail);
    }

    boolean hasUnsubmitted() {
        return tail != submitted;
    }

    /// What the first entry carries that the kernel has not taken. Only with [#hasUnsubmitted].
    long firstUnsubmitted() {
        return entries.get(JAVA_LONG, (long) SQE_BYTES * (submitted & mask) + 32);
    }

    private long syscall(
            long number, long first, long second, long third, long fourth, MemorySegment fifth, long sixth) {
        try {
            return (long) SYSCALL.invokeExact(errno, number, first, second, third, fourth, fifth, sixth);
        } catch (Throwable t) {
            throw LibC.broken(t);
        }
    }

    /// Nothing may be in flight: the kernel writes into buffers until it has completed what it was given.
    @Override
    public void close() {
        LibC.unmap(entries);
        LibC.unmap(queues);
        LibC.close(descriptor);
        arena.close();
    }
}

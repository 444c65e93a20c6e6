package io.taffrail.simulation.world;

import io.taffrail.simulation.world.DiskBehaviour.Failure;
import io.taffrail.simulation.world.DiskBehaviour.Operation;
import io.taffrail.wal.io.IoMethod;
import io.taffrail.wal.io.IoRequest;
import io.taffrail.wal.io.IoResult;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Carries requests out on a [SimulatedDisk] after the time that its [DiskBehaviour] says, so they complete in any
/// order. What a request does to the disk it does at that instant; what it says it says in the next [#poll].
///
/// [#await] is for code that blocks within a turn: it lets the owner's time pass and nothing else of the world
/// move.
public final class SimulatedIoMethod implements IoMethod {
    /// @param syncNumber what a sync that was submitted then covers
    /// @param write null: not a write
    private record Pending(
            IoRequest request,
            SimulatedLogFile file,
            long dueNanos,
            long syncNumber,
            SimulatedDisk.@Nullable InFlight write) {}

    private record Ready(IoRequest request, IoResult result) {}

    private final SimulatedScheduler scheduler;
    private final SimulatedEventLoop loop;
    private final ProcessLife life;
    private final List<Pending> pending = new ArrayList<>();
    private final ArrayDeque<Ready> ready = new ArrayDeque<>();
    private boolean woken;

    public SimulatedIoMethod(SimulatedScheduler scheduler, SimulatedEventLoop loop, ProcessLife life) {
        this.scheduler = scheduler;
        this.loop = loop;
        this.life = life;
    }

    @Override
    public String name() {
        return "simulated";
    }

    @Override
    public void submit(IoRequest request) {
        life.effect(
                switch (request) {
                    case IoRequest.Read _ -> "submit Read ";
                    case IoRequest.Write _ -> "submit Write ";
                    case IoRequest.Sync _ -> "submit Sync ";
                },
                request.file().name());
        if (!(request.file() instanceof SimulatedLogFile file)) {
            throw new IllegalArgumentException(request.file() + " is not of this disk");
        }
        var behaviour = file.mount().disk().behaviour();
        var latency = switch (request) {
            case IoRequest.Read read ->
                behaviour.waitNanos(Operation.READ, read.target().remaining());
            case IoRequest.Write write ->
                behaviour.waitNanos(Operation.WRITE, write.source().remaining())
                        + (write.durable() ? behaviour.latencyNanos(Operation.SYNC, 0) : 0);
            case IoRequest.Sync sync -> behaviour.waitNanos(Operation.SYNC, 0);
        };
        var inFlight = request instanceof IoRequest.Write write
                ? file.mount().disk().submitted(file.inode(), snapshot(write.source()), write.position())
                : null;
        var item = new Pending(
                request, file, loop.trueNanos() + latency, file.inode().lastNumber(), inFlight);
        pending.add(item);
        file.inFlight++;
        scheduler.at(item.dueNanos(), () -> {
            if (!life.ended() && pending.remove(item)) {
                carryOut(item);
                loop.wake();
            }
        });
    }

    private static ByteBuffer snapshot(ByteBuffer source) {
        var bytes = new byte[source.remaining()];
        source.get(source.position(), bytes);
        return ByteBuffer.wrap(bytes);
    }

    private void carryOut(Pending item) {
        item.file().inFlight--;
        var misuse = misuse(item);
        var result = misuse != null
                ? new IoResult.Failed(22, misuse)
                : switch (item.request()) {
                    case IoRequest.Read read -> read(item, read);
                    case IoRequest.Write write -> write(item, write);
                    case IoRequest.Sync sync -> sync(item);
                };
        ready.addLast(new Ready(item.request(), result));
    }

    private static @Nullable String misuse(Pending item) {
        var block = item.file().blockSizeBytes();
        var name = item.file().name();
        if (item.file().closed()) {
            return name + ": Bad file descriptor";
        }
        return switch (item.request()) {
            case IoRequest.Read read
            when read.position() % block != 0 || read.target().remaining() % block != 0 ->
                name + ": direct read of " + read.target().remaining() + " at " + read.position();
            case IoRequest.Write write
            when write.position() % block != 0 || write.source().remaining() % block != 0 ->
                name + ": direct write of " + write.source().remaining() + " at " + write.position();
            default -> null;
        };
    }

    private static IoResult read(Pending item, IoRequest.Read read) {
        var failure = item.file()
                .mount()
                .disk()
                .behaviour()
                .failure(Operation.READ, item.file().name());
        if (failure != null) {
            return failed("read", item, failure);
        }
        return new IoResult.Done(item.file().inode().read(read.target().duplicate(), read.position()));
    }

    private static IoResult write(Pending item, IoRequest.Write write) {
        var disk = item.file().mount().disk();
        var inode = item.file().inode();
        var inFlight = item.write();
        if (inFlight == null) {
            throw new IllegalStateException("a write without its bytes");
        }
        disk.completed(inFlight);
        var bytes = inFlight.bytes();
        if (!bytes.equals(write.source())) {
            throw new IllegalStateException(
                    "the buffer of a write to " + item.file().name() + " was changed before the write completed");
        }
        var failure = disk.behaviour().failure(Operation.WRITE, item.file().name());
        var choices = item.file().mount().choices();
        if (failure != null) {
            inode.write(bytes, write.position(), sector -> choices.keep());
            return failed("write", item, failure);
        }
        var end = write.position() + bytes.remaining();
        if (end > inode.sizeBytes() && disk.freeBytes() < end - inode.sizeBytes()) {
            return failed("write", item, Failure.NO_SPACE);
        }
        var number = inode.write(bytes, write.position(), sector -> true);
        if (write.durable()) {
            var syncFailure =
                    disk.behaviour().failure(Operation.SYNC, item.file().name());
            if (syncFailure != null) {
                inode.abandonUnsynced(choices, syncFailure.readsShowDisk());
                return disk.behaviour().retriesFailedSyncs()
                        ? new IoResult.Done(bytes.remaining())
                        : failed("write and sync", item, syncFailure);
            }
            if (!disk.behaviour().syncLies(item.file().name())) {
                // O_DSYNC vouches for this write alone: the weakest of what the methods may do.
                var first = write.position() / inode.sectorBytes();
                var last = (end - 1) / inode.sectorBytes();
                inode.makeDurable(number, sector -> sector >= first && sector <= last);
            }
        }
        return new IoResult.Done(bytes.remaining());
    }

    private static IoResult sync(Pending item) {
        var disk = item.file().mount().disk();
        var failure = disk.behaviour().failure(Operation.SYNC, item.file().name());
        if (failure != null) {
            item.file().inode().abandonUnsynced(item.file().mount().choices(), failure.readsShowDisk());
            return disk.behaviour().retriesFailedSyncs() ? new IoResult.Done(0) : failed("fdatasync", item, failure);
        }
        if (!disk.behaviour().syncLies(item.file().name())) {
            item.file().inode().makeDurable(item.syncNumber(), sector -> true);
        }
        return new IoResult.Done(0);
    }

    private static IoResult.Failed failed(String operation, Pending item, Failure failure) {
        return new IoResult.Failed(
                failure.errno(), operation + " " + item.file().name() + ": " + failure.message());
    }

    @Override
    public int poll() {
        var count = 0;
        // Completions submit requests; those that become ready meanwhile wait for the next poll.
        for (var left = ready.size(); left > 0; left--) {
            var next = ready.removeFirst();
            life.effect("completed ", next.request().file().name());
            next.request().completion().completed(next.result());
            count++;
        }
        return count;
    }

    @Override
    public void await(long timeoutNanos) {
        if (woken || !ready.isEmpty()) {
            woken = false;
            return;
        }
        life.effect("await");
        var first = pending.stream()
                .min(Comparator.comparingLong(Pending::dueNanos))
                .orElse(null);
        var wait = first == null ? Long.MAX_VALUE : Math.max(0, first.dueNanos() - loop.trueNanos());
        if (first == null || wait > timeoutNanos) {
            loop.block(timeoutNanos);
            return;
        }
        loop.block(wait);
        pending.remove(first);
        carryOut(first);
    }

    @Override
    public void wakeup() {
        woken = true;
        loop.wake();
    }

    @Override
    public int inFlight() {
        return pending.size() + ready.size();
    }

    @Override
    public void close() {
        while (!pending.isEmpty()) {
            carryOut(pending.removeFirst());
        }
        ready.clear();
    }
}

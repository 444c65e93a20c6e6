package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;
import io.taffrail.replication.protocol.Message;
import io.taffrail.wal.io.LogDirectory;
import java.util.ArrayDeque;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Answers followers that begin anew with bytes of this replica's files, one read a follower at a time and off the
/// loop, at the pace of all that catch up. The methods are the loop's.
final class SeedServing {
    /// Of one follower: what it asks for ahead. More are asked for again.
    static final int MAX_WAITING = (int) (Seeding.WINDOW_BYTES / Seeding.CHUNK_BYTES);

    private final LogDirectory folder;
    private final Supplier<DiskReads> diskReads;
    private final CatchUpPace pace;
    private final EventLoop loop;
    private final Answers answers;
    private final TreeMap<Integer, Follower> followers = new TreeMap<>();

    interface Answers {
        void send(int to, Message.SeedChunk chunk);
    }

    /// @param diskReads makes another one for each follower
    SeedServing(LogDirectory folder, Supplier<DiskReads> diskReads, CatchUpPace pace, EventLoop loop, Answers answers) {
        this.folder = folder;
        this.diskReads = diskReads;
        this.pace = pace;
        this.loop = loop;
        this.answers = answers;
    }

    void asked(int by, Message.SeedRequest request) {
        followers.computeIfAbsent(by, Follower::new).asked(request);
    }

    private final class Follower {
        private final int id;
        private final DiskReads reads = diskReads.get();
        private final PacedFollower paced = new PacedFollower(pace, loop, this::next);
        private final ArrayDeque<Message.SeedRequest> waiting = new ArrayDeque<>();
        private Message.@Nullable SeedRequest reading;

        Follower(int id) {
            this.id = id;
        }

        /// Who hears nothing for a while, since it is not its turn, asks for all of it again.
        void asked(Message.SeedRequest request) {
            if (!request.equals(reading) && !waiting.contains(request)) {
                if (waiting.size() == MAX_WAITING) {
                    // It goes by what it asked for last.
                    waiting.remove();
                }
                waiting.add(request);
                next();
            }
        }

        private void next() {
            if (waiting.isEmpty() || reads.isBusy() || !paced.isDue(Seeding.CHUNK_BYTES)) {
                return;
            }
            var request = waiting.remove();
            reading = request;
            reads.submit(
                    _ -> Seeding.serve(folder, request),
                    chunk -> {
                        reading = null;
                        if (chunk != null) {
                            answers.send(id, chunk);
                        }
                        next();
                    },
                    () -> {});
        }
    }
}

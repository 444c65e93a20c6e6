package io.taffrail.replication;

import io.taffrail.replication.port.EventLoop;

/// One follower among those that [CatchUpPace] paces: whether it is sent its next piece now.
final class PacedFollower {
    private final CatchUpPace pace;
    private final EventLoop loop;
    private final Runnable again;
    private long dueNanos;
    private boolean pauses;

    /// @param again runs on the loop once it has become due that was not when it was asked
    PacedFollower(CatchUpPace pace, EventLoop loop, Runnable again) {
        this.pace = pace;
        this.loop = loop;
        this.again = again;
        this.dueNanos = loop.nanoTime();
    }

    /// True: so many bytes go on their way now, and count.
    boolean isDue(int bytes) {
        if (pauses) {
            return false;
        }
        var now = loop.nanoTime();
        var pause = pace.pauseNanos(now, dueNanos);
        if (pause <= 0) {
            dueNanos = pace.reads(now, dueNanos, bytes);
            return true;
        }
        pauses = true;
        loop.schedule(pause, () -> {
            pauses = false;
            again.run();
        });
        return false;
    }
}

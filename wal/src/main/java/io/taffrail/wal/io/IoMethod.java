package io.taffrail.wal.io;

/// One way to ask the kernel for file I/O without waiting for it. A loop owns it as it would own a selector:
/// it submits, polls for completions, and waits here when it has nothing to do.
///
/// | call | thread |
/// |---|---|
/// | `submit`, `poll`, `await` | the owner's loop; `await` beside the others where [#awaitsApart] |
/// | `wakeup`, `inFlight` | any |
///
/// Short transfers are continued and EINTR and EAGAIN retried below this interface. Everything else that the
/// kernel refuses is an [IoResult.Failed], never an exception: the code that learns of it may be completing
/// someone else's request. The method table of PostgreSQL's `src/backend/storage/aio` is the pattern.
public interface IoMethod extends AutoCloseable {
    /// `sync`, `worker`, `io_uring`, `posix_aio`, or the simulation's.
    String name();

    /// Starts the request. Never blocks for the disk, except in the `sync` method, which has run it when this
    /// returns. The completion is called from a later `poll` or `await` of the owner, never from within
    /// `submit`. Requests may complete in any order. The caller leaves the buffer alone until then.
    void submit(IoRequest request);

    /// As [#submit], for a caller that has nothing else to do until the disk answers: a method that expects the answer
    /// within about a millisecond may run the request on this thread, which saves two hand-overs between threads.
    default void submitOrRun(IoRequest request) {
        submit(request);
    }

    /// Whether [#await] may go on in one thread while others, one at a time, submit and poll.
    default boolean awaitsApart() {
        return false;
    }

    /// Runs the completions that are ready and returns how many there were.
    int poll();

    /// Waits until a completion is ready, `wakeup` is called or the time is over; a `wakeup` before the wait
    /// is not lost. Does not run completions.
    void await(long timeoutNanos);

    /// Ends the owner's current or next `await`.
    void wakeup();

    /// Requests that were submitted and whose completion has not run.
    int inFlight();

    /// Waits for what is in flight, without running completions, and frees the kernel's resources.
    @Override
    void close();
}

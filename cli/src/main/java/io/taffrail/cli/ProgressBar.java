package io.taffrail.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.LongSupplier;

/// One line on a terminal's standard error that says how far, how fast and how long still. Draws from a thread of its
/// own, so that it also tells of a stall.
final class ProgressBar implements AutoCloseable {
    private static final long REDRAW_MILLIS = 200;
    private static final int WIDTH = 28;

    private final PrintStream err;
    private final String what;
    private final long totalBytes;
    private final LongSupplier doneBytes;
    private final LongSupplier doneRecords;
    private final long startNanos = System.nanoTime();
    private final Thread painter;

    /// @param totalBytes 0: not known
    private ProgressBar(
            PrintStream err, String what, long totalBytes, LongSupplier doneBytes, LongSupplier doneRecords) {
        this.err = err;
        this.what = what;
        this.totalBytes = totalBytes;
        this.doneBytes = doneBytes;
        this.doneRecords = doneRecords;
        this.painter = Thread.ofPlatform().daemon().name("progress").start(this::paint);
    }

    static ProgressBar start(String what, long totalBytes, LongSupplier doneBytes, LongSupplier doneRecords) {
        return new ProgressBar(System.err, what, totalBytes, doneBytes, doneRecords);
    }

    /// The JVM cannot ask about standard error alone; the script that starts it can.
    static boolean isWanted() {
        return "1".equals(System.getenv("TAFFRAIL_STDERR_TERMINAL"));
    }

    static String line(String what, long done, long total, long records, double seconds) {
        var rate = seconds > 0 ? done / seconds : 0;
        if (total <= 0) {
            return String.format(
                    Locale.ROOT, "%s %s, %,d records, %s/s", what, Sizes.bytes(done), records, Sizes.bytes(rate));
        }
        var part = Math.clamp((double) done / total, 0, 1);
        var filled = (int) Math.round(part * WIDTH);
        var left = rate > 0 ? String.format(Locale.ROOT, "%.0f s left", (total - done) / rate) : "waiting";
        return String.format(
                Locale.ROOT,
                "%s [%s%s] %3.0f%% %,d records, %s/s, %s",
                what,
                "#".repeat(filled),
                ".".repeat(WIDTH - filled),
                part * 100,
                records,
                Sizes.bytes(rate),
                left);
    }

    private void paint() {
        try {
            while (true) {
                Thread.sleep(REDRAW_MILLIS);
                var seconds = (System.nanoTime() - startNanos) / 1e9;
                err.print("\r\033[K" + line(what, doneBytes.getAsLong(), totalBytes, doneRecords.getAsLong(), seconds));
                err.flush();
            }
        } catch (InterruptedException done) {
            err.print("\r\033[K");
            err.flush();
        }
    }

    @Override
    public void close() {
        painter.interrupt();
        try {
            painter.join(1_000);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

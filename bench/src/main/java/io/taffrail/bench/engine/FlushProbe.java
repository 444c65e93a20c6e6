package io.taffrail.bench.engine;

import io.taffrail.wal.WalConfig;
import io.taffrail.wal.io.file.Buffering;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;

/// Appends so many entries, one after the other has been acknowledged as durable, and nothing else; for a tracer
/// that counts what reached the kernel. Arguments: folder, method, direct or buffered, count, fsync on or off.
public final class FlushProbe {
    private FlushProbe() {}

    public static void main(String[] arguments) throws IOException {
        var count = Integer.parseInt(arguments[3]);
        var files = Buffering.valueOf(arguments[2].toUpperCase(Locale.ROOT));
        var payload = ByteBuffer.allocateDirect(1024);
        var defaults = WalConfig.defaults();
        var config = new WalConfig(
                1 << 20,
                defaults.writerDelayNanos(),
                0,
                defaults.groupCommitSiblings(),
                defaults.pendingBytes(),
                defaults.tailCacheBytes(),
                0,
                arguments[4].equals("off"));
        try (var engine = new Engine(Path.of(arguments[0]), arguments[1], files, config)) {
            for (var i = 0; i < count; i++) {
                var end = engine.append(payload);
                engine.requestFlush();
                while (engine.flushedLsn() < end) {
                    var now = System.nanoTime();
                    if (engine.work(now) == 0) {
                        engine.sleep(now, 1_000_000_000);
                    }
                }
            }
            System.out.println(count + " entries acknowledged as durable by " + engine.methodName() + ", "
                    + engine.buffering() + " files, " + engine.stats().flushes() + " flushes");
        }
    }
}

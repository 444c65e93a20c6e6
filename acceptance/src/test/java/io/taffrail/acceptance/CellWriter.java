package io.taffrail.acceptance;

import io.taffrail.client.Appender;
import io.taffrail.client.AppenderConfig;
import io.taffrail.client.LogClient;
import io.taffrail.client.LogClientException;
import io.taffrail.proto.log.Acknowledgement;
import io.taffrail.proto.log.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// One producer with a name, one stream, one cell. Numbers its records 0, 1, 2, ... over all rounds, and notes what
/// became of each. A round at a time: [#write] on a thread of its own, then [Ledger#judge].
final class CellWriter {
    private static final Duration DELIVERY = Duration.ofMinutes(5);
    private static final int RECORDS_A_BREATH = 8;
    private static final int LARGEST_PADDING = 200;

    final Cell cell;
    final ConcurrentLinkedQueue<Acknowledged> acknowledged = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<String> surprises = new ConcurrentLinkedQueue<>();
    final AtomicLong acknowledgedInRound = new AtomicLong();
    private final Consumer<Acknowledgement> observer;
    private final AtomicLong open = new AtomicLong();
    private volatile boolean toldOfLoss;
    /// What the log holds of it, as it was last read.
    long inLog;

    long acknowledgedRecords;
    long lostRecords;

    /// Record `number` was acknowledged at this place in the log.
    record Acknowledged(long number, long offset, long lsnEnd, long epoch) {}

    /// @param observer hears of every acknowledgement, on the client's thread
    CellWriter(Cell cell, Consumer<Acknowledgement> observer) {
        this.cell = cell;
        this.observer = observer;
    }

    static String prefix(Cell cell, long number, int round) {
        return cell.stream() + ":" + number + ":" + round + ":";
    }

    /// Appends until it is told to stop, or that records which were acknowledged are lost.
    void write(LogClient client, int round, Random random, BooleanSupplier stop) {
        acknowledgedInRound.set(0);
        toldOfLoss = false;
        var config = AppenderConfig.DEFAULTS
                .modes(cell.commit(), cell.replication())
                .producerName(cell.stream())
                .batching(16 << 10, 200, Duration.ofMillis(1))
                .inFlight(1 << 20, 2_000, AppenderConfig.WhenFull.WAIT, DELIVERY)
                .deliveryTimeout(DELIVERY);
        try (var appender = client.appender(cell.stream(), config)) {
            // A registration fences what was under way, so the service's count must be what was read back.
            if (appender.recordsBefore() != inLog) {
                surprises.add("the service counts " + appender.recordsBefore() + " records, " + inLog + " were read");
            }
            for (var number = inLog; !stop.getAsBoolean(); number++) {
                append(appender, number, round, random);
                if (number % RECORDS_A_BREATH == 0) {
                    // Load, and room on two cores for the replicas that are killed and started again.
                    TimeUnit.MILLISECONDS.sleep(1);
                }
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } catch (LogClientException failed) {
            if (isLoss(failed)) {
                toldOfLoss = true;
            } else {
                surprises.add(String.valueOf(failed.getMessage()));
            }
        }
    }

    private void append(Appender appender, long number, int round, Random random) {
        var value = (prefix(cell, number, round) + "x".repeat(random.nextInt(LARGEST_PADDING)))
                .getBytes(StandardCharsets.UTF_8);
        var outcome = appender.append(value).acknowledged();
        open.incrementAndGet();
        var _ = outcome.whenComplete((receipt, failure) -> {
            open.decrementAndGet();
            if (receipt != null) {
                var ack = receipt.acknowledgement();
                acknowledged.add(new Acknowledged(number, receipt.offset(), ack.getLsnEnd(), ack.getEpoch()));
                acknowledgedInRound.incrementAndGet();
                observer.accept(ack);
            }
        });
    }

    private static boolean isLoss(LogClientException failed) {
        return failed.code() == ErrorCode.ERROR_CODE_OUT_OF_SEQUENCE;
    }

    /// The client said that acknowledged records are gone, and appended nothing behind the gap.
    boolean wasToldOfLoss() {
        return toldOfLoss;
    }

    /// Appends whose outcome nobody has heard of.
    long unresolved() {
        return open.get();
    }

    static List<CellWriter> all(Consumer<Acknowledgement> observer) {
        return java.util.Arrays.stream(Cell.values())
                .map(cell -> new CellWriter(cell, observer))
                .toList();
    }
}

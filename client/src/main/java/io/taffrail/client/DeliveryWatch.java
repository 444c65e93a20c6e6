package io.taffrail.client;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Looks from time to time at the appenders whose batches are not acknowledged: one timer for all of a client's, and
/// nothing for those that wait for nobody. Any thread.
final class DeliveryWatch {
    private static final long PERIOD_MILLIS = 500;

    interface Waiting {
        /// On the timer's thread, which all share: does not block, does not throw.
        void checkDelivery();
    }

    private final Set<Waiting> waiting = ConcurrentHashMap.newKeySet();

    DeliveryWatch(ScheduledExecutorService timer) {
        var _ = timer.scheduleWithFixedDelay(
                () -> waiting.forEach(Waiting::checkDelivery), PERIOD_MILLIS, PERIOD_MILLIS, TimeUnit.MILLISECONDS);
    }

    void add(Waiting appender) {
        waiting.add(appender);
    }

    void remove(Waiting appender) {
        waiting.remove(appender);
    }

    int size() {
        return waiting.size();
    }
}

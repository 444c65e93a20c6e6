package io.taffrail.streams;

/// One registered producer. Its windows are with the streams, so that a deleted stream takes them along.
final class Producer {
    final long id;
    final String name;
    /// Those that have a window of this producer.
    final LongMap<Stream> streams = new LongMap<>();

    /// Since the last snapshot. Of the loop.
    boolean changed;

    private volatile int epoch;
    private long activeMillis;

    Producer(long id, String name, int epoch, long activeMillis) {
        this.id = id;
        this.name = name;
        this.epoch = epoch;
        this.activeMillis = activeMillis;
    }

    Producer(ProducerImage image) {
        this(image.id(), image.name(), image.epoch(), image.activeMillis());
    }

    ProducerImage image() {
        return new ProducerImage(id, name, epoch, activeMillis);
    }

    int epoch() {
        return epoch;
    }

    /// Time of its newest batch or registration, by the leaders' clocks.
    long activeMillis() {
        return activeMillis;
    }

    void reign(int newEpoch, long atMillis) {
        epoch = newEpoch;
        active(atMillis);
    }

    void active(long atMillis) {
        activeMillis = Math.max(activeMillis, atMillis);
    }

    StreamStore.ProducerView view() {
        return new StreamStore.ProducerView(id, epoch, name);
    }
}

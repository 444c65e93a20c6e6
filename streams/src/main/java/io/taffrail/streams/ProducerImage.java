package io.taffrail.streams;

/// A producer as it was at one LSN.
record ProducerImage(long id, String name, int epoch, long activeMillis) {
    void encode(ByteWriter out) {
        out.putLong(id);
        out.putString(name);
        out.putInt(epoch);
        out.putLong(activeMillis);
    }

    static ProducerImage decode(ByteReader in) {
        return new ProducerImage(in.takeId(), in.takeString(Names.MAX_BYTES), in.takeInt(), in.takeLong());
    }
}

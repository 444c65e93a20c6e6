package io.taffrail.service.host;

/// Something that leaves the replica's loop for a client. Both run on the client's event loop: `deliver` of all that
/// left in one turn, then `flush` of each, so that answers to many requests go out in one piece.
public interface Delivery {
    void deliver();

    void flush();
}

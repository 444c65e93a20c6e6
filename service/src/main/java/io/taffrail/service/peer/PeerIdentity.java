package io.taffrail.service.peer;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Which process a node's end of a call is: an id outlives the processes and the volumes behind it.
record PeerIdentity(UUID storageId, long incarnation) {
    /// Null: a version of the service that does not say.
    ///
    /// @throws IllegalArgumentException if it is said, and not as it has to be
    static @Nullable PeerIdentity of(@Nullable String storageId, @Nullable String incarnation) {
        if (storageId == null || incarnation == null) {
            return null;
        }
        var number = Long.parseLong(incarnation);
        if (number <= 0) {
            throw new IllegalArgumentException("incarnation %s is below 1".formatted(number));
        }
        return new PeerIdentity(UUID.fromString(storageId), number);
    }

    /// Whether this process is over, given that `other` is alive. Of two volumes the one counts that the cluster knows.
    ///
    /// @param memberStorageId null: the node is no member
    boolean yieldsTo(PeerIdentity other, @Nullable UUID memberStorageId) {
        return storageId.equals(other.storageId)
                ? incarnation < other.incarnation
                : other.storageId.equals(memberStorageId);
    }

    @Override
    public String toString() {
        return "incarnation %s of storage %s".formatted(incarnation, storageId);
    }
}

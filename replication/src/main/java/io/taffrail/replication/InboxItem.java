package io.taffrail.replication;

import io.taffrail.streams.Durability;
import io.taffrail.streams.Refusal;
import io.taffrail.streams.StreamCommand;
import java.util.function.Consumer;

/// What waits for the loop, in the clients' order.
sealed interface InboxItem permits AppendCommand, InboxItem.Command, InboxItem.Flush {
    long sizeBytes();

    void refuse(Refusal refusal);

    record Command(StreamCommand command, Consumer<CommandOutcome> done) implements InboxItem {
        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void refuse(Refusal refusal) {
            done.accept(new CommandOutcome.Refused(refusal));
        }
    }

    record Flush(Durability durability, Consumer<CommandOutcome> done) implements InboxItem {
        @Override
        public long sizeBytes() {
            return 0;
        }

        @Override
        public void refuse(Refusal refusal) {
            done.accept(new CommandOutcome.Refused(refusal));
        }
    }
}

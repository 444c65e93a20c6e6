package io.taffrail.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RecordBatch;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReadProgressTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<Long> commits = new ArrayList<>();
    private long nowMillis = 1_000;
    private final ReadProgress progress = new ReadProgress(
            new RecordSink(RecordSink.Format.LINES, out),
            nextOffset -> {
                assertEquals(nextOffset, shown(), "records that are out");
                commits.add(nextOffset);
            },
            () -> TimeUnit.MILLISECONDS.toNanos(nowMillis));

    private int shown() {
        return out.toString(StandardCharsets.UTF_8).length() / "r\n".length();
    }

    private void read(int nextOffset) throws IOException {
        progress.read(
                RecordBatch.newBuilder()
                        .addRecords(Record.newBuilder().setValue(ByteString.copyFromUtf8("r")))
                        .build(),
                nextOffset);
    }

    @Test
    void showsAndKeepsThePlaceOfAStreamThatIsWrittenWithoutAPause() throws IOException {
        for (var nextOffset = 1; nextOffset <= 41; nextOffset++) {
            read(nextOffset);
            nowMillis += 50;
        }
        assertEquals(41, shown());
        assertEquals(List.of(21L, 41L), commits);
    }

    @Test
    void showsAndKeepsThePlaceAtOnceWhereNothingMoreIsThere() throws IOException {
        progress.read(null, -1);
        read(1);
        assertEquals(0, shown());
        progress.read(null, 1);
        progress.read(null, 1);
        assertEquals(1, shown());
        assertEquals(List.of(1L), commits);
    }
}

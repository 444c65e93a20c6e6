package io.taffrail.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RecordBatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecordSourceTest {
    private static final int MAX_BYTES = 4 << 20;

    @Test
    void keepsEveryByteButTheLineFeed() throws IOException {
        assertEquals(List.of("a", "", "b\r", " c "), lines("a\n\nb\r\n c \n"));
    }

    @Test
    void takesALastLineThatLacksItsLineFeed() throws IOException {
        assertEquals(List.of("a", "b"), lines("a\nb"));
        assertEquals(List.of(), lines(""));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void findsEachRecordHoweverTheInputArrives(long seed) throws IOException {
        var random = new Random(seed);
        var expected = new ArrayList<ByteString>();
        for (var i = 0; i < 200; i++) {
            // Some larger than the buffer, which then has to grow.
            var value = new byte[random.nextInt(20) == 0 ? random.nextInt(2 << 20) : random.nextInt(200)];
            random.nextBytes(value);
            expected.add(ByteString.copyFrom(value));
        }
        for (var format : new RecordSink.Format[] {RecordSink.Format.LENGTH_PREFIXED, RecordSink.Format.LINES}) {
            var records = format == RecordSink.Format.LINES ? withoutLineFeeds(expected) : expected;
            var bytes = new ByteArrayOutputStream();
            var sink = new RecordSink(format, bytes);
            var batch = RecordBatch.newBuilder();
            records.forEach(value -> batch.addRecords(Record.newBuilder().setValue(value)));
            sink.write(batch.build());
            sink.flush();
            var input = new Dribble(bytes.toByteArray(), random);
            assertEquals(records, read(input, RecordSource.Format.valueOf(format.name()), MAX_BYTES), format.name());
        }
    }

    @Test
    void refusesAnInputThatEndsWithinARecord() {
        var torn = new byte[] {0, 0, 0, 5, 'a', 'b'};
        assertThrows(
                CliException.class,
                () -> read(new ByteArrayInputStream(torn), RecordSource.Format.LENGTH_PREFIXED, MAX_BYTES));
    }

    @Test
    void refusesALengthThatCannotBeMeant() {
        var text = "text that is not length-prefixed".getBytes(StandardCharsets.UTF_8);
        assertThrows(
                CliException.class,
                () -> read(new ByteArrayInputStream(text), RecordSource.Format.LENGTH_PREFIXED, MAX_BYTES));
        assertThrows(CliException.class, () -> read(new ByteArrayInputStream(text), RecordSource.Format.LINES, 5));
    }

    private static List<ByteString> withoutLineFeeds(List<ByteString> values) {
        return values.stream()
                .map(value -> {
                    var bytes = value.toByteArray();
                    for (var i = 0; i < bytes.length; i++) {
                        bytes[i] = bytes[i] == '\n' ? 0 : bytes[i];
                    }
                    return ByteString.copyFrom(bytes);
                })
                .toList();
    }

    private static List<String> lines(String text) throws IOException {
        var in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        return read(in, RecordSource.Format.LINES, MAX_BYTES).stream()
                .map(ByteString::toStringUtf8)
                .toList();
    }

    private static List<ByteString> read(InputStream in, RecordSource.Format format, int maxBytes) throws IOException {
        var records = new ArrayList<ByteString>();
        try (var source = new RecordSource(in, format, maxBytes)) {
            while (source.next()) {
                records.add(ByteString.copyFrom(source.buffer(), source.recordOffset(), source.recordLength()));
            }
        }
        return records;
    }

    /// A pipe gives as much as it happens to have.
    private static final class Dribble extends InputStream {
        private final ByteArrayInputStream all;
        private final Random random;

        Dribble(byte[] bytes, Random random) {
            this.all = new ByteArrayInputStream(bytes);
            this.random = random;
        }

        @Override
        public int read() {
            return all.read();
        }

        @Override
        public int read(byte[] buffer, int offset, int length) {
            return all.read(buffer, offset, Math.min(length, 1 + random.nextInt(5_000)));
        }
    }
}

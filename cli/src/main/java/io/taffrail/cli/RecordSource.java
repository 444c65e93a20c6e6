package io.taffrail.cli;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Records from a file or a pipe, found in a buffer without being copied out of it.
final class RecordSource implements AutoCloseable {
    enum Format {
        /// One a line; the line feed is not part of it, everything else is.
        LINES,
        /// Four bytes of length, big-endian, and so many bytes.
        LENGTH_PREFIXED
    }

    private static final int BUFFER_BYTES = 1 << 20;
    private static final int LENGTH_BYTES = 4;

    private final InputStream in;
    private final Format format;
    private final int maxRecordBytes;
    private byte[] buffer = new byte[BUFFER_BYTES];
    private int begin;
    private int end;
    private boolean drained;
    private long records;
    private volatile long consumedBytes;
    private int recordOffset;
    private int recordLength;

    RecordSource(InputStream in, Format format, int maxRecordBytes) {
        this.in = in;
        this.format = format;
        this.maxRecordBytes = maxRecordBytes;
    }

    /// Moves to the next record, which lies in [#buffer] until the next call; false: there is none.
    boolean next() throws IOException {
        var found = format == Format.LINES ? nextLine() : nextPrefixed();
        if (found) {
            records++;
        }
        return found;
    }

    byte[] buffer() {
        return buffer;
    }

    int recordOffset() {
        return recordOffset;
    }

    int recordLength() {
        return recordLength;
    }

    long records() {
        return records;
    }

    /// Any thread.
    long consumedBytes() {
        return consumedBytes;
    }

    private boolean nextLine() throws IOException {
        var scanned = begin;
        while (true) {
            for (var i = scanned; i < end; i++) {
                if (buffer[i] == '\n') {
                    return found(begin, i - begin, i + 1);
                }
            }
            scanned = end - begin;
            requireAllowed(end - begin);
            if (!fill()) {
                // The last line may lack its line feed.
                return end > begin && found(begin, end - begin, end);
            }
            scanned += begin;
        }
    }

    private boolean nextPrefixed() throws IOException {
        if (!fillTo(LENGTH_BYTES)) {
            if (end > begin) {
                throw torn();
            }
            return false;
        }
        var length = (buffer[begin] & 0xff) << 24
                | (buffer[begin + 1] & 0xff) << 16
                | (buffer[begin + 2] & 0xff) << 8
                | (buffer[begin + 3] & 0xff);
        requireAllowed(Integer.toUnsignedLong(length));
        if (!fillTo(LENGTH_BYTES + length)) {
            throw torn();
        }
        return found(begin + LENGTH_BYTES, length, begin + LENGTH_BYTES + length);
    }

    private boolean found(int offset, int length, int next) {
        requireAllowed(length);
        recordOffset = offset;
        recordLength = length;
        // One thread writes; the others only read.
        var consumed = consumedBytes + next - begin;
        consumedBytes = consumed;
        begin = next;
        return true;
    }

    private void requireAllowed(long length) {
        if (length > maxRecordBytes) {
            throw new CliException(
                    ExitCode.USAGE,
                    "record %s has %s bytes or more, --max-record-bytes allows %s: is --format right?"
                            .formatted(records, length, maxRecordBytes));
        }
    }

    private CliException torn() {
        return new CliException(
                ExitCode.USAGE,
                "the input ends within record " + records + ", after " + (end - begin)
                        + " of its bytes: is --format right, is the file whole?");
    }

    private boolean fillTo(int bytes) throws IOException {
        while (end - begin < bytes) {
            if (!fill()) {
                return false;
            }
        }
        return true;
    }

    /// Makes room by moving what is left to the front, so that a record lies in one piece.
    private boolean fill() throws IOException {
        if (drained) {
            return false;
        }
        System.arraycopy(buffer, begin, buffer, 0, end - begin);
        end -= begin;
        begin = 0;
        if (end == buffer.length) {
            buffer = Arrays.copyOf(buffer, 2 * buffer.length);
        }
        var read = in.read(buffer, end, buffer.length - end);
        drained = read < 0;
        end += Math.max(0, read);
        return !drained;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}

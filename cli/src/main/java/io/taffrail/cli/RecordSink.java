package io.taffrail.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.protobuf.ByteString;
import io.taffrail.proto.log.Record;
import io.taffrail.proto.log.RecordBatch;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes records to standard output as bytes, past any notion of characters.
final class RecordSink {
    enum Format {
        /// The value and a line feed.
        LINES,
        /// Four bytes of length, big-endian, and the value.
        LENGTH_PREFIXED,
        /// One object a line, with offset, key, headers and times.
        JSON
    }

    private static final int BUFFER_BYTES = 1 << 18;
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private final Format format;
    private final OutputStream out;

    RecordSink(Format format) {
        this(format, new FileOutputStream(FileDescriptor.out));
    }

    RecordSink(Format format, OutputStream out) {
        this.format = format;
        this.out = new BufferedOutputStream(out, BUFFER_BYTES);
    }

    void write(RecordBatch batch) throws IOException {
        for (var i = 0; i < batch.getRecordsCount(); i++) {
            var value = batch.getRecords(i).getValue();
            switch (format) {
                case LINES -> {
                    value.writeTo(out);
                    out.write('\n');
                }
                case LENGTH_PREFIXED -> {
                    var length = value.size();
                    out.write(length >>> 24);
                    out.write(length >>> 16);
                    out.write(length >>> 8);
                    out.write(length);
                    value.writeTo(out);
                }
                case JSON -> {
                    out.write(json(batch, i).getBytes(StandardCharsets.UTF_8));
                    out.write('\n');
                }
            }
        }
    }

    void flush() throws IOException {
        out.flush();
    }

    static String json(RecordBatch batch, int index) {
        Record content = batch.getRecords(index);
        var fields = new LinkedHashMap<String, Object>();
        fields.put("offset", batch.getBaseOffset() + index);
        fields.put("appendedMillis", batch.getTimestampMillis());
        fields.put("epoch", batch.getEpoch());
        if (content.getTimestampMillis() != 0) {
            fields.put("timestampMillis", content.getTimestampMillis());
        }
        if (!content.getKey().isEmpty()) {
            put(fields, "key", content.getKey());
        }
        put(fields, "value", content.getValue());
        if (content.getHeadersCount() > 0) {
            var headers = new LinkedHashMap<String, Object>();
            content.getHeadersList().forEach(header -> put(headers, header.getName(), header.getValue()));
            fields.put("headers", headers);
        }
        return GSON.toJson(fields);
    }

    /// As text where it is text, otherwise in base 64 under a name that says so.
    private static void put(Map<String, Object> fields, String name, ByteString bytes) {
        if (bytes.isValidUtf8()) {
            fields.put(name, bytes.toStringUtf8());
        } else {
            fields.put(name + "Base64", Base64.getEncoder().encodeToString(bytes.toByteArray()));
        }
    }
}

package io.taffrail.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Option;

/// For people or for programs. JSON is one object a line; 64-bit numbers of the service are strings, as protobuf's
/// JSON has them.
final class OutputOptions {
    enum Output {
        TEXT,
        JSON
    }

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();
    private static final JsonFormat.Printer MESSAGES =
            JsonFormat.printer().omittingInsignificantWhitespace().alwaysPrintFieldsWithNoPresence();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "TEXT",
            description = "text, or json for programs (default: text)")
    Output output = Output.TEXT;

    boolean json() {
        return output == Output.JSON;
    }

    static void json(PrintWriter out, MessageOrBuilder message) {
        out.println(text(message));
    }

    static void json(PrintWriter out, JsonObject tree) {
        out.println(GSON.toJson(tree));
    }

    static void json(PrintWriter out, Map<String, ?> fields) {
        out.println(GSON.toJson(fields));
    }

    /// For who has something to add.
    static JsonObject tree(MessageOrBuilder message) {
        return GSON.fromJson(text(message), JsonObject.class);
    }

    private static String text(MessageOrBuilder message) {
        try {
            return MESSAGES.print(message);
        } catch (InvalidProtocolBufferException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}

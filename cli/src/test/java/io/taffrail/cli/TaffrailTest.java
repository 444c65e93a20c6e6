package io.taffrail.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaffrailTest {
    /// Port of tcpmux, which nothing has been listening on for decades.
    private static final int NOBODYS = 1;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return Taffrail.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    @Test
    void saysInOneLineThatNoOneAnswersAndWhatToDo() {
        assertEquals(
                ExitCode.UNAVAILABLE, run("streams", "list", "--server", "127.0.0.1:" + NOBODYS, "--timeout", "3"));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("taffrail serve"), err.toString());
    }

    @Test
    void saysInOneLineWhatIsWrongWithTheCommandLine() {
        assertEquals(ExitCode.USAGE, run("read"));
        assertEquals(ExitCode.USAGE, run("append", "s", "/no/such/file"));
        assertEquals(ExitCode.USAGE, run("read", "s", "--from", "yesterday"));
        assertEquals(ExitCode.USAGE, run("status", "--server", "127.0.0.1:http"));
        assertEquals(ExitCode.USAGE, run("bench", "--records", "-5"));
        assertEquals(ExitCode.USAGE, run("bench", "--size", "-1"));
        assertEquals(ExitCode.USAGE, run("bench", "--streams", "0"));
        assertEquals(ExitCode.USAGE, run("bench", "--outstanding", "-1"));
        assertEquals(ExitCode.USAGE, run("append", "s", System.getProperty("java.io.tmpdir")));
        assertEquals(ExitCode.USAGE, run("watch", "--interval", "0"));
        assertEquals(ExitCode.USAGE, run("read", "s", "--max", "-1"));
        assertEquals(ExitCode.USAGE, run("tail", "s", "-n", "-1"));
        assertEquals(ExitCode.USAGE, run("read", "s", "--timeout", "0"));
        assertEquals(13, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("--timeout is 0: 1 second or more"), err.toString());
    }

    @Test
    void refusesALearnersAddressThatNoOneCanConnectTo() {
        for (var learner : List.of(
                "3=h:9091091091/h:9090",
                "3=h:65536/h:9090",
                "3=h:0/h:9090",
                "3=h:9091/h:abc",
                "3=h:9091/h",
                "3=h/h:9090")) {
            var nobody = "127.0.0.1:" + NOBODYS;
            assertEquals(
                    ExitCode.USAGE,
                    run("cluster", "voters", "--add-learner", learner, "--server", nobody, "--timeout", "1"),
                    learner);
        }
        assertEquals(6, err.toString().lines().count(), err.toString());
    }

    @Test
    void helpsWithEveryCommand() {
        for (var command : Taffrail.commandLine().getSubcommands().keySet()) {
            assertEquals(ExitCode.OK, command.equals("help") ? run("help") : run(command, "--help"), command);
        }
        assertEquals("", err.toString());
    }

    @Test
    void failsWhenStandardOutputIsFullAndNotWhenItsReaderHasGone() {
        assertEquals(ExitCode.USAGE, runInto("No space left on device"));
        assertEquals(1, err.toString().lines().count(), err.toString());
        assertTrue(err.toString().contains("standard output: No space left on device"), err.toString());
        assertEquals(ExitCode.OK, runInto("Broken pipe"));
        assertEquals(1, err.toString().lines().count(), err.toString());
    }

    private int runInto(String failure) {
        var failing = new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                throw new IOException(failure);
            }
        };
        return Taffrail.execute(Taffrail.commandLine().setErr(new PrintWriter(err, true)), failing, "completion");
    }

    @Test
    void writesACompletionScript() {
        assertEquals(ExitCode.OK, run("completion"));
        assertTrue(out.toString().contains("_complete_taffrail"));
    }

    @Test
    void readsSizesAsPeopleWriteThem() {
        assertEquals(512 << 10, Sizes.parse("512Ki"));
        assertEquals(10_000, Sizes.parse("10k"));
        assertEquals("1.5 MB", Sizes.bytes(1_500_000));
        assertThrows(IllegalArgumentException.class, () -> Sizes.parse("ten"));
        assertThrows(IllegalArgumentException.class, () -> Sizes.parse("10 apples"));
    }

    @Test
    void showsHowFarHowFastAndHowLongStill() {
        assertEquals(
                "s [##############..............]  50% 7 records, 25 B/s, 2 s left",
                ProgressBar.line("s", 50, 100, 7, 2.0));
    }
}

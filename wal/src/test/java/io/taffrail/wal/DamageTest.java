package io.taffrail.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// The disk returns other bytes than were written: the log serves a prefix or says that it is corrupt, never
/// wrong bytes.
class DamageTest {
    /// Three segments; the last group of the last one has no witness.
    private final List<String> payloads = new ArrayList<>();
    private final List<Long> starts = new ArrayList<>();
    private final Map<String, byte[]> image;
    private final long end;

    DamageTest() {
        var log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 0);
        for (var i = 0; i < 8; i++) {
            payloads.add("first " + i);
            starts.add(log.append(payloads.getLast()).lsn());
            payloads.add("second " + i);
            starts.add(log.append(payloads.getLast()).lsn());
            log.flush();
        }
        image = log.directory.image();
        end = log.wal.flushedLsn();
        assertEquals(4, image.size(), "three segments and a prepared one");
    }

    private byte[] file(String name) {
        return Objects.requireNonNull(image.get(name), name);
    }

    private MemoryLog open(String file, byte[] damaged, long durableHintLsn) {
        var copy = MemoryDirectory.of(image).image();
        copy.put(file, damaged);
        return new MemoryLog(MemoryDirectory.of(copy), MemoryLog.CONFIG, durableHintLsn);
    }

    private void check(MemoryLog log, String what) {
        var first = starts.indexOf(log.wal.startLsn());
        assertEquals(payloads.subList(first, first + log.recovered.size()), log.recovered, what);
        assertEquals(log.recovered, log.read(), what);
        var lost = log.wal.receivedLsn() < end || log.wal.startLsn() > 0;
        assertTrue(
                !lost || log.wal.recovery().verdict() == RecoveryReport.Verdict.CORRUPT,
                () -> what + ": flushed bytes are gone and nobody says so: " + log.wal.recovery());
    }

    @Test
    void noticesEverySingleFlippedBit() {
        for (var file : image.keySet()) {
            var bytes = file(file);
            for (var at = 0; at < bytes.length; at++) {
                // Headers and entries bit by bit; of the zeros around them a sample.
                var used = at % 4096 < 150;
                for (var bit = 0; used ? bit < 8 : bit == 0 && at % 61 == 0; bit++) {
                    var damaged = bytes.clone();
                    damaged[at] ^= (byte) (1 << bit);
                    check(open(file, damaged, end), file + " bit " + bit + " of byte " + at);
                }
            }
        }
    }

    @Test
    void keepsAPrefixWithoutAHintWhenABitOfTheLastGroupIsFlipped() {
        var lastSegment = image.keySet().stream().toList().get(2);
        var bytes = file(lastSegment);
        for (var at = 0; at < bytes.length; at += 3) {
            var damaged = bytes.clone();
            damaged[at] ^= 1;
            var log = open(lastSegment, damaged, 0);
            assertEquals(payloads.subList(0, log.recovered.size()), log.recovered, "byte " + at);
            assertTrue(log.recovered.size() >= 12, "byte " + at + " lost another segment");
        }
    }

    @Test
    void noticesEveryTruncationOfAFile() {
        for (var file : image.keySet()) {
            var bytes = file(file);
            for (var length = 0; length < bytes.length; length += 37) {
                check(open(file, Arrays.copyOf(bytes, length), end), file + " cut at " + length);
            }
        }
    }

    @Test
    void noticesMissingSwappedAndDuplicatedFiles() {
        var names = List.copyOf(image.keySet());
        for (var name : names) {
            var copy = MemoryDirectory.of(image).image();
            copy.remove(name);
            var without = new MemoryLog(MemoryDirectory.of(copy), MemoryLog.CONFIG, end);
            if (name.equals(names.getFirst())) {
                assertEquals(payloads.subList(6, 16), without.recovered, "the same as a log that was trimmed");
            } else {
                check(without, name + " missing");
            }
            for (var other : names) {
                check(open(name, file(other), end), name + " is a copy of " + other);
                var swapped = MemoryDirectory.of(image).image();
                swapped.put(name, file(other));
                swapped.put(other, file(name));
                check(new MemoryLog(MemoryDirectory.of(swapped), MemoryLog.CONFIG, end), name + " for " + other);
            }
        }
    }

    @Test
    void tellsCorruptFromTornByTheGroupsBehind() {
        var first = image.keySet().iterator().next();
        var damaged = file(first).clone();
        damaged[4096 + 70] ^= 1;
        var log = open(first, damaged, 0);
        assertEquals(RecoveryReport.Verdict.CORRUPT, log.wal.recovery().verdict());
        assertEquals(0, log.wal.receivedLsn());
        assertEquals(Wal.Admission.FAILED, log.wal.admit(1));
        assertThrows(IllegalStateException.class, () -> log.append("refused"));
        log.settle();
        assertTrue(Arrays.equals(damaged, log.directory.image().get(first)), "nothing is changed");
    }

    @Test
    void takesAppendsAgainAfterTheCorruptPartIsCutOff() {
        var second = image.keySet().stream().toList().get(1);
        var damaged = file(second).clone();
        damaged[8192 + 70] ^= 1;
        var log = open(second, damaged, 0);
        var kept = log.recovered.size();
        log.wal.truncate(log.wal.receivedLsn());
        log.append("refetched");
        log.flush();
        var expected = new ArrayList<>(payloads.subList(0, kept));
        expected.add("refetched");
        assertEquals(expected, log.read());
        var again = new MemoryLog(log.directory, MemoryLog.CONFIG, log.wal.flushedLsn());
        assertEquals(RecoveryReport.Verdict.CLEAN, again.wal.recovery().verdict());
        assertEquals(expected, again.recovered);
        assertEquals(
                3,
                ((MemoryDirectory) log.directory.subdirectory("diverged"))
                                .list()
                                .size()
                        + 1);
    }

    @Test
    void isCorruptWhenItEndsBelowWhatTheOwnerKnowsToBeFlushed() {
        var log = new MemoryLog(new MemoryDirectory(), MemoryLog.CONFIG, 1);
        assertEquals(RecoveryReport.Verdict.CORRUPT, log.wal.recovery().verdict());
        var longer = new MemoryLog(MemoryDirectory.of(image), MemoryLog.CONFIG, end + 1);
        assertEquals(RecoveryReport.Verdict.CORRUPT, longer.wal.recovery().verdict());
        assertEquals(payloads, longer.recovered);
    }
}

package io.taffrail.operator.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.taffrail.operator.GoldenFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Whoever meets a condition's reason finds it in the book: each word that the code may give for one is there.
final class ReasonsTest {
    private static final Path MAIN = GoldenFile.root().resolve("operator/src/main/java/io/taffrail/operator");
    /// Where reasons are given.
    private static final List<String> SOURCES = List.of(
            "observe/ObservedCluster.java",
            "plan",
            "stream",
            "report/ConditionReport.java",
            "apply/ActionApplier.java",
            "ClusterPass.java");
    private static final Pattern WORD = Pattern.compile("\"([A-Z][a-z]+(?:[A-Z][a-z]+)*)\"");
    /// Kinds, and the first half of a reason that ends in a number.
    private static final Set<String> NO_REASONS = Set.of("LogCluster", "Http");

    private static Stream<Path> files(String source) {
        try (var files = Files.walk(MAIN.resolve(source))) {
            return files.filter(file -> file.toString().endsWith(".java")).toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> words(Path file) {
        try {
            return WORD.matcher(Files.readString(file)).results().map(found -> found.group(1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void everyReasonIsInTheBook() throws IOException {
        var reasons = new TreeSet<String>();
        SOURCES.stream().flatMap(ReasonsTest::files).flatMap(ReasonsTest::words).forEach(reasons::add);
        reasons.removeAll(NO_REASONS);
        assertTrue(reasons.containsAll(List.of("DataMissing", "SpecUnreadable", "StreamExists", "Unschedulable")));
        var book = Files.readString(GoldenFile.root().resolve("docs/operating/troubleshooting.md"));
        reasons.removeIf(reason -> book.contains("`" + reason + "`"));
        assertEquals(Set.of(), reasons, "not in docs/operating/troubleshooting.md");
    }
}

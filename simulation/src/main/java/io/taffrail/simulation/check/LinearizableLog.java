package io.taffrail.simulation.check;

import io.taffrail.simulation.check.LogOperation.Append;
import io.taffrail.simulation.check.LogOperation.CheckTail;
import io.taffrail.simulation.check.LogOperation.Outcome;
import io.taffrail.simulation.check.LogOperation.Read;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// I30: whether a stream's history is that of one log to which every append, read and look at the tail happened at
/// one moment between its call and its return. After Wing and Gong, in the order of returns as Lowe does it.
///
/// A log is kind to this search. What a read or an acknowledgement has shown of it stands there for ever, so two that
/// contradict each other are refused at once, and at each length at most one append fits what was shown. An append is
/// applied as late as something demands it: that is never too early for a tail, and never too late for a return. Only
/// appends whose end nobody knows, and whose records nobody has seen, leave a choice.
public final class LinearizableLog {
    /// Beyond that many possible logs at once there is no verdict.
    private static final int MAX_CONFIGURATIONS = 20_000;
    /// Nor after so many in a whole history.
    private static final long MAX_TRIED = 500_000;

    public sealed interface Verdict {
        record Linearizable() implements Verdict {}

        record Violated(String why) implements Verdict {}

        /// The history leaves more possible logs than are tried.
        record Undecided(String why) implements Verdict {}
    }

    private static final class Refuted extends Exception {
        private static final long serialVersionUID = 1;

        Refuted(String why) {
            super(why, null, false, false);
        }
    }

    private static final class TooMany extends Exception {
        private static final long serialVersionUID = 1;

        TooMany(String why) {
            super(why, null, false, false);
        }
    }

    /// A log that the operations seen so far may have made.
    ///
    /// @param hash of its records that nothing has shown: what was shown is the same in all of them
    /// @param used appends of unknown end that are in it
    /// @param met tails that are pending and were right at some moment
    private record Configuration(long length, long hash, Indices used, Set<Integer> met) {}

    /// Of operations, never changed: a history has thousands, and a search compares many of these.
    private static final class Indices {
        static final Indices NONE = new Indices(new long[0]);

        private final long[] words;
        private final int hash;

        private Indices(long[] words) {
            this.words = words;
            this.hash = Arrays.hashCode(words);
        }

        boolean contains(int index) {
            return index >> 6 < words.length && (words[index >> 6] >>> index & 1) == 1;
        }

        Indices with(int index) {
            var more = Arrays.copyOf(words, Math.max(words.length, (index >> 6) + 1));
            more[index >> 6] |= 1L << index;
            return new Indices(more);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Indices known && hash == known.hash && Arrays.equals(words, known.words);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private record Step(long atNanos, boolean isReturn, int operation) {}

    private final long firstOffset;
    private final List<LogOperation> operations;
    private final Map<Long, Long> shown = new HashMap<>();
    private final TreeMap<Long, Integer> acknowledgedAt = new TreeMap<>();
    private final Set<Integer> pendingAppends = new TreeSet<>();
    private final Set<Integer> pendingTails = new TreeSet<>();
    private final Map<Long, List<Integer>> unknownByFirstRecord = new HashMap<>();
    private long tried;

    private LinearizableLog(long firstOffset, List<LogOperation> operations) {
        this.firstOffset = firstOffset;
        this.operations = operations;
    }

    /// `history`: of one stream, in any order. `firstOffset`: where the stream ended before the history began.
    public static Verdict check(long firstOffset, List<? extends LogOperation> history) {
        try {
            new LinearizableLog(firstOffset, oneForEachKey(history)).search();
            return new Verdict.Linearizable();
        } catch (Refuted refuted) {
            return new Verdict.Violated(String.valueOf(refuted.getMessage()));
        } catch (TooMany many) {
            return new Verdict.Undecided(String.valueOf(many.getMessage()));
        }
    }

    // Attempts of one append are one operation

    private static List<LogOperation> oneForEachKey(List<? extends LogOperation> history) throws Refuted {
        var merged = new ArrayList<LogOperation>();
        var attempts = new LinkedHashMap<Long, Append>();
        for (var operation : history) {
            if (operation instanceof Append append) {
                var before = attempts.get(append.key());
                attempts.put(append.key(), before == null ? append : merge(before, append));
            } else {
                merged.add(operation);
            }
        }
        for (var append : attempts.values()) {
            // One that was refused does nothing: whoever sees its records has seen what nobody appended.
            if (!(append.outcome() instanceof Outcome.Refused)) {
                merged.add(append);
            }
        }
        return merged;
    }

    private static Append merge(Append one, Append other) throws Refuted {
        if (!one.records().equals(other.records())) {
            throw new Refuted("two attempts of one append differ: " + one + " and " + other);
        }
        var invoked = Math.min(one.invokedNanos(), other.invokedNanos());
        if (one.outcome() instanceof Outcome.Acknowledged && other.outcome() instanceof Outcome.Acknowledged) {
            if (!one.outcome().equals(other.outcome())) {
                throw new Refuted("one append was acknowledged at two offsets: " + one + " and " + other);
            }
            var returned = Math.min(one.returnedNanos(), other.returnedNanos());
            return new Append(one.key(), one.records(), invoked, returned, one.outcome());
        }
        var stronger = strength(one.outcome()) >= strength(other.outcome()) ? one : other;
        return new Append(one.key(), one.records(), invoked, stronger.returnedNanos(), stronger.outcome());
    }

    private static int strength(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Refused _ -> 0;
            case Outcome.Unknown _ -> 1;
            case Outcome.Acknowledged _ -> 2;
        };
    }

    // What was shown

    private void show() throws Refuted {
        for (var index = 0; index < operations.size(); index++) {
            switch (operations.get(index)) {
                case Append append -> {
                    if (append.outcome() instanceof Outcome.Acknowledged(long offset)) {
                        show(offset, append.records(), append);
                        var other = acknowledgedAt.put(offset, index);
                        if (other != null) {
                            throw new Refuted("two appends were acknowledged at one offset: " + append + " and "
                                    + operations.get(other));
                        }
                    }
                }
                case Read read -> show(read.offset(), read.records(), read);
                case CheckTail _ -> {}
            }
        }
    }

    private void show(long offset, List<Long> records, LogOperation by) throws Refuted {
        for (var i = 0; i < records.size(); i++) {
            var before = shown.putIfAbsent(offset + i, records.get(i));
            if (before != null && !before.equals(records.get(i))) {
                throw new Refuted(String.format(
                        Locale.ROOT,
                        "offset %s holds %x to %s, and held %x to another",
                        offset + i,
                        records.get(i),
                        by,
                        before));
            }
        }
    }

    // The search

    private void search() throws Refuted, TooMany {
        show();
        Collection<Configuration> possible = List.of(new Configuration(firstOffset, 0, Indices.NONE, Set.of()));
        for (var step : steps()) {
            possible = step.isReturn() ? returned(step, possible) : invoked(step.operation(), possible);
        }
    }

    private List<Step> steps() {
        var steps = new ArrayList<Step>();
        for (var index = 0; index < operations.size(); index++) {
            var operation = operations.get(index);
            steps.add(new Step(operation.invokedNanos(), false, index));
            if (mustHappen(operation)) {
                steps.add(new Step(operation.returnedNanos(), true, index));
            }
        }
        // At one time, calls come first: they may have overlapped.
        steps.sort(Comparator.comparingLong(Step::atNanos)
                .thenComparing(Step::isReturn)
                .thenComparingInt(Step::operation));
        return steps;
    }

    private static boolean mustHappen(LogOperation operation) {
        return !(operation instanceof Append append && append.outcome() instanceof Outcome.Unknown);
    }

    private Collection<Configuration> invoked(int index, Collection<Configuration> possible) {
        switch (operations.get(index)) {
            case Append append -> {
                pendingAppends.add(index);
                if (append.outcome() instanceof Outcome.Unknown) {
                    unknownByFirstRecord
                            .computeIfAbsent(append.records().getFirst(), _ -> new ArrayList<>())
                            .add(index);
                }
            }
            case CheckTail _ -> {
                pendingTails.add(index);
                var next = new LinkedHashSet<Configuration>();
                possible.forEach(configuration -> next.add(meetTails(configuration)));
                return next;
            }
            case Read _ -> {}
        }
        return possible;
    }

    private Collection<Configuration> returned(Step step, Collection<Configuration> possible) throws Refuted, TooMany {
        var operation = operations.get(step.operation());
        var kept = new LinkedHashSet<Configuration>();
        var seen = new LinkedHashSet<>(possible);
        var open = new ArrayList<>(seen);
        while (!open.isEmpty()) {
            var configuration = open.removeLast();
            if (hasHappened(step.operation(), configuration)) {
                kept.add(forget(step.operation(), configuration));
                continue;
            }
            for (var next : longer(configuration)) {
                if (seen.add(next)) {
                    open.add(next);
                }
            }
            tried++;
            if (seen.size() > MAX_CONFIGURATIONS || tried > MAX_TRIED) {
                throw new TooMany("%s logs are possible before %s returns, %s were tried"
                        .formatted(seen.size(), operation, tried));
            }
        }
        pendingAppends.remove(step.operation());
        pendingTails.remove(step.operation());
        if (kept.isEmpty()) {
            throw new Refuted("no log explains %s; before it the log may have ended at %s"
                    .formatted(
                            operation,
                            possible.stream()
                                    .map(Configuration::length)
                                    .distinct()
                                    .limit(10)
                                    .toList()));
        }
        return kept;
    }

    private boolean hasHappened(int index, Configuration configuration) {
        return switch (operations.get(index)) {
            case Append append ->
                append.outcome() instanceof Outcome.Acknowledged(long offset) && offset < configuration.length();
            case Read read -> read.endOffset() <= configuration.length();
            case CheckTail _ -> configuration.met().contains(index);
        };
    }

    private static Configuration forget(int index, Configuration configuration) {
        if (!configuration.met().contains(index)) {
            return configuration;
        }
        return new Configuration(
                configuration.length(),
                configuration.hash(),
                configuration.used(),
                without(configuration.met(), index));
    }

    /// The logs that are one append longer.
    private List<Configuration> longer(Configuration configuration) {
        var length = configuration.length();
        var acknowledged = acknowledgedAt.get(length);
        if (acknowledged != null) {
            var next = pendingAppends.contains(acknowledged) ? append(acknowledged, configuration) : null;
            return next == null ? List.of() : List.of(next);
        }
        var record = shown.get(length);
        var candidates = record == null
                ? unknownByFirstRecord.values()
                : List.of(unknownByFirstRecord.getOrDefault(record, List.of()));
        var longer = new ArrayList<Configuration>();
        for (var alike : candidates) {
            for (var candidate : alike) {
                var next = configuration.used().contains(candidate) ? null : append(candidate, configuration);
                if (next != null) {
                    longer.add(next);
                }
            }
        }
        return longer;
    }

    /// Null: something else was shown where its records would stand.
    private @Nullable Configuration append(int index, Configuration to) {
        if (!(operations.get(index) instanceof Append append)) {
            throw new IllegalArgumentException("no append: " + operations.get(index));
        }
        var hash = to.hash();
        for (var i = 0; i < append.records().size(); i++) {
            var record = append.records().get(i);
            var known = shown.get(to.length() + i);
            if (known == null) {
                hash = (hash ^ record) * 0x9e3779b97f4a7c15L + to.length() + i;
            } else if (!known.equals(record)) {
                return null;
            }
            if (i > 0 && acknowledgedAt.containsKey(to.length() + i)) {
                return null;
            }
        }
        var used = append.outcome() instanceof Outcome.Unknown ? to.used().with(index) : to.used();
        return meetTails(new Configuration(to.length() + append.records().size(), hash, used, to.met()));
    }

    private Configuration meetTails(Configuration configuration) {
        var met = configuration.met();
        for (var index : pendingTails) {
            if (!met.contains(index)
                    && operations.get(index) instanceof CheckTail tail
                    && tail.offset() == configuration.length()) {
                met = with(met, index);
            }
        }
        return met.equals(configuration.met())
                ? configuration
                : new Configuration(configuration.length(), configuration.hash(), configuration.used(), met);
    }

    private static Set<Integer> with(Set<Integer> set, int element) {
        var larger = new TreeSet<>(set);
        larger.add(element);
        return larger;
    }

    private static Set<Integer> without(Set<Integer> set, int element) {
        var smaller = new TreeSet<>(set);
        smaller.remove(element);
        return smaller;
    }
}

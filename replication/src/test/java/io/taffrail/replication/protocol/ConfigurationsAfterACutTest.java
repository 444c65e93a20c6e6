package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// A process that ended between a cut of its log and the write of `meta` that tells of it leaves a `meta` with a
/// configuration that is in no log.
class ConfigurationsAfterACutTest {
    private static final long REPLAYED_FROM = 200;
    private static final LoggedConfiguration GIVEN = at(0, 1, 0, 1, 2);
    private static final LoggedConfiguration CHECKPOINTED = at(150, 2, 0, 1);
    private static final LoggedConfiguration REPLAYED = at(300, 3, 0);

    private static LoggedConfiguration at(long endLsn, long id, Integer... voters) {
        var members = List.of(voters).stream()
                .map(node -> new Member(node, new UUID(0, node), "p" + node, "c" + node))
                .toList();
        return new LoggedConfiguration(endLsn, new Configuration(id, members, List.of()));
    }

    private static List<LoggedConfiguration> opened(
            List<LoggedConfiguration> inMeta, List<LoggedConfiguration> inReplayedLog) {
        return HardState.EMPTY
                .withConfigurations(inMeta)
                .withConfigurationsFrom(REPLAYED_FROM, inReplayedLog)
                .configurations();
    }

    @Test
    void whatTheReplayedLogDoesNotHoldIsNotInForce() {
        assertEquals(List.of(GIVEN, CHECKPOINTED), opened(List.of(GIVEN, CHECKPOINTED, REPLAYED), List.of()));
    }

    @Test
    void whatItHoldsIsInForceWhetherMetaKnowsItOrNot() {
        var all = List.of(GIVEN, CHECKPOINTED, REPLAYED);
        assertEquals(all, opened(all, List.of(REPLAYED)));
        assertEquals(all, opened(List.of(GIVEN, CHECKPOINTED), List.of(REPLAYED)));
    }

    @Test
    void anotherOneOfTheSameNumberTakesItsPlace() {
        var instead = at(320, 3, 0, 1, 2, 3);
        assertEquals(List.of(GIVEN, instead), opened(List.of(GIVEN, REPLAYED), List.of(instead)));
    }

    @Test
    void theOnlyOneThatIsKnownStays() {
        assertEquals(List.of(REPLAYED), opened(List.of(REPLAYED), List.of()));
    }

    /// The process ended after it had entered a history, and before the former one was cut off its log.
    @Test
    void whatAHistoryWasEnteredWithComesBackWhenTheFormerOneIsCutOff() {
        var told = at(0, 3, 1, 2);
        var entry = at(270, 3, 1, 2);
        var former = List.of(at(300, 3, 0, 1, 2, 3), at(320, 4, 0, 1, 2, 3), at(340, 5, 0, 1, 2, 3, 4));
        var opened = HardState.EMPTY
                .withConfigurations(List.of(told))
                .withStanding(Standing.NEW.entering(List.of()))
                .withConfigurationsFrom(REPLAYED_FROM, former);
        // Cut while the process runs.
        var history = new ConfigurationHistory(opened.configurations());
        history.truncate(250);
        assertEquals(List.of(told), history.known());
        history.add(entry);
        assertEquals(List.of(told, entry), history.known());
        // The process ended again, before `meta` told of the cut.
        assertEquals(
                List.of(told, entry),
                opened.withConfigurationsFrom(REPLAYED_FROM, List.of(entry)).configurations());
    }
}

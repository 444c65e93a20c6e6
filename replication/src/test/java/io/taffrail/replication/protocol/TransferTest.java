package io.taffrail.replication.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Leadership is handed over to a voter that deposes the leader and then dies.
class TransferTest {
    private static final long LATER = 60_000;

    private final Transcript transcript = new Transcript(3);

    private ReplicationCore core(int node) {
        return transcript.node(node).core;
    }

    private static List<Effect.RequestResult> answers(List<Effect> effects, long requestId) {
        return effects.stream()
                .filter(effect -> effect instanceof Effect.RequestDone done && done.requestId() == requestId)
                .map(effect -> ((Effect.RequestDone) effect).result())
                .toList();
    }

    @BeforeEach
    void theTargetIsPromisedAnEpochAndDies() {
        transcript.command("tick", "0", "2000");
        transcript.command("deliver");
        transcript.node(0).step(2000, new Event.TransferLeadership(7, 1));
        transcript.command("deliver", "0", "1");
        transcript.node(1).durable(2000);
        transcript.command("deliver", "1", "0");
        transcript.command("down", "1");
        assertEquals(2, core(0).hardState().promisedEpoch());
        assertEquals(ReplicationCore.Kind.FOLLOWER, core(0).view(2000).kind());
    }

    @Test
    void whoeverAskedIsAnsweredWhenTheOldLeaderLeadsAgain() {
        nodeZeroLeadsAgain();
        var answers = transcript.lines().stream()
                .filter(line -> line.contains("RequestDone[requestId=7,"))
                .toList();
        assertEquals(1, answers.size(), answers.toString());
        assertTrue(answers.getFirst().contains("node 0 leads again"), answers.getFirst());
    }

    @Test
    void theOldLeaderHandsOverAgain() {
        nodeZeroLeadsAgain();
        var effects = core(0).step(LATER, new Event.TransferLeadership(8, 2));
        assertEquals(List.of(), answers(effects, 8), "not refused");
        assertTrue(effects.stream()
                .anyMatch(effect -> effect instanceof Effect.Send(int to, Message.TimeoutNow _) && to == 2));
    }

    private void nodeZeroLeadsAgain() {
        for (var time = 2500; !core(0).isOpen() && time < LATER; time += 100) {
            transcript.command("tick", "0", String.valueOf(time));
            transcript.command("deliver");
        }
        assertTrue(core(0).isOpen());
    }

    /// Nobody answers its questions: it never leads, and follows nobody.
    @Test
    void whoeverAskedIsAnsweredWhileNobodyLeads() {
        transcript.command("down", "2");
        var answers = IntStream.range(40, 600)
                .mapToObj(step -> answers(core(0).step(step * 100L, new Event.Tick(0, 0)), 7))
                .flatMap(List::stream)
                .toList();
        assertEquals(1, answers.size());
        assertInstanceOf(Effect.RequestResult.Indeterminate.class, answers.getFirst());
    }
}

package io.taffrail.service.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PeerCallsTest {
    private static final int NODE = 2;
    private static final UUID VOLUME = new UUID(1, 1);
    private static final UUID OTHER_VOLUME = new UUID(2, 2);

    private @Nullable UUID member = VOLUME;
    private final PeerCalls calls = new PeerCalls(nodeId -> nodeId == NODE ? member : null);
    private final List<Integer> taken = new ArrayList<>();

    static final class Call implements PeerCalls.Caller {
        private final @Nullable PeerIdentity identity;
        boolean open = true;
        boolean replaced;

        Call(UUID storage, long incarnation) {
            identity = new PeerIdentity(storage, incarnation);
        }

        Call() {
            identity = null;
        }

        @Override
        public @Nullable PeerIdentity identity() {
            return identity;
        }

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public void replaced() {
            replaced = true;
            open = false;
        }
    }

    private static PeerIdentity identity(UUID storage, long incarnation) {
        return new PeerIdentity(storage, incarnation);
    }

    @Test
    void aLaterProcessTakesThePlaceOfAnEarlierOneAndIsTold() {
        calls.whenTaken(taken::add);
        var earlier = new Call(VOLUME, 3);
        var later = new Call(VOLUME, 4);
        assertNull(calls.take(NODE, earlier));
        assertNull(calls.take(NODE, later));
        assertTrue(earlier.replaced);
        assertFalse(later.replaced);
        assertEquals(List.of(NODE, NODE), taken);
    }

    @Test
    void anEarlierProcessIsRefusedWhileALaterOneCalls() {
        var later = new Call(VOLUME, 4);
        assertNull(calls.take(NODE, later));
        assertEquals(identity(VOLUME, 4), calls.take(NODE, new Call(VOLUME, 3)));
        assertFalse(later.replaced);
        assertNull(calls.take(NODE + 1, new Call(VOLUME, 3)), "another node's");
    }

    @Test
    void whoIsAloneIsHeard() {
        var left = new Call(VOLUME, 4);
        calls.take(NODE, left);
        calls.left(NODE, left);
        assertNull(calls.take(NODE, new Call(VOLUME, 3)));
        var lost = new Call(OTHER_VOLUME, 9);
        calls.take(NODE + 1, lost);
        lost.open = false;
        assertNull(calls.take(NODE + 1, new Call(OTHER_VOLUME, 8)), "the call before ended without a word");
    }

    @Test
    void theSameProcessCallsAnewAndItsCallBeforeDoesNotEndTheNewOne() {
        var before = new Call(VOLUME, 4);
        var again = new Call(VOLUME, 4);
        calls.take(NODE, before);
        assertNull(calls.take(NODE, again));
        assertTrue(before.replaced);
        calls.left(NODE, before);
        assertEquals(identity(VOLUME, 4), calls.successor(NODE, identity(VOLUME, 3)));
    }

    @Test
    void ofTwoVolumesTheMembersCounts() {
        var members = new Call(VOLUME, 3);
        calls.take(NODE, members);
        assertEquals(identity(VOLUME, 3), calls.take(NODE, new Call(OTHER_VOLUME, 40)));
        member = OTHER_VOLUME;
        assertNull(calls.take(NODE, new Call(OTHER_VOLUME, 1)));
        assertTrue(members.replaced);
        member = null;
        assertNull(calls.take(NODE, new Call(VOLUME, 1)), "nothing says which of the two is over: the last one");
    }

    @Test
    void anAnswerIsOverIfALaterProcessCalls() {
        assertNull(calls.successor(NODE, identity(VOLUME, 3)));
        calls.take(NODE, new Call(VOLUME, 4));
        assertEquals(identity(VOLUME, 4), calls.successor(NODE, identity(VOLUME, 3)));
        assertNull(calls.successor(NODE, identity(VOLUME, 4)));
        assertNull(calls.successor(NODE, identity(VOLUME, 5)), "its own call is still to come");
        assertNull(calls.successor(NODE, null));
        assertEquals(identity(VOLUME, 4), calls.successor(NODE, identity(OTHER_VOLUME, 7)));
    }

    @Test
    void whoDoesNotSayWhoItIsIsTakenAndOutdatesNobody() {
        assertNull(calls.take(NODE, new Call(VOLUME, 4)));
        assertNull(calls.take(NODE, new Call()));
        assertNull(calls.successor(NODE, identity(VOLUME, 3)));
    }

    @Test
    void anIdentityIsWholeOrRefused() {
        assertEquals(identity(VOLUME, 7), PeerIdentity.of(VOLUME.toString(), "7"));
        assertNull(PeerIdentity.of(null, "7"));
        assertNull(PeerIdentity.of(VOLUME.toString(), null));
        for (var incarnation : List.of("0", "-1", "", "seven", "9223372036854775808")) {
            assertThrows(IllegalArgumentException.class, () -> PeerIdentity.of(VOLUME.toString(), incarnation));
        }
        assertThrows(IllegalArgumentException.class, () -> PeerIdentity.of("a volume", "7"));
    }
}

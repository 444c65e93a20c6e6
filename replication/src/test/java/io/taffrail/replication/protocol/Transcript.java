package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/// Runs a script of three cores and writes down everything that they want done. Commands:
///
/// `tick A N` sets the clock to N and lets only A notice; `deliver` hands over what is under way, in order, until
/// nothing is, making hard states durable and flushing wherever somebody waits; `deliver A B` only from A to B, and
/// flushes nothing; `append A N` and `buffer A N` append N entries for clients who wait for a flush or do not;
/// `readindex A N` asks with number N whether A leads; `force A S...` begins a new history at A with the survivors S;
/// `flush A`; `crash A` (and start again); `down A`; `up A`; `cut A B`; `heal`.
final class Transcript {
    private static final int MAX_ROUNDS = 200;

    private final TreeMap<Integer, CoreNode> nodes = new TreeMap<>();
    private final TreeSet<Integer> down = new TreeSet<>();
    private final List<String> cut = new ArrayList<>();
    private final List<String> lines = new ArrayList<>();
    private long now;

    Transcript(int size) {
        for (var id = 0; id < size; id++) {
            var node = new CoreNode(id);
            node.trace = new ArrayList<>();
            nodes.put(id, node);
            node.step(0, new Event.Bootstrap(CoreNode.CLUSTER, CoreNode.configuration(size)));
            node.durable(0);
            node.trace.clear();
        }
    }

    static List<String> run(List<String> script) {
        var transcript = new Transcript(3);
        for (var line : script) {
            if (line.startsWith("> ")) {
                transcript.lines.add(line);
                transcript.command(line.substring(2).split(" "));
                transcript.collect();
            } else if (line.startsWith("#") || line.isBlank()) {
                transcript.lines.add(line);
            }
        }
        return transcript.lines;
    }

    /// What was written down so far.
    List<String> lines() {
        collect();
        return lines;
    }

    CoreNode node(int id) {
        var node = nodes.get(id);
        if (node == null) {
            throw new IllegalArgumentException("no node " + id);
        }
        return node;
    }

    void command(String... words) {
        switch (words[0]) {
            case "tick" -> {
                now = Long.parseLong(words[2]);
                node(Integer.parseInt(words[1])).step(now, new Event.Tick(0, 0));
            }
            case "deliver" -> {
                if (words.length == 1) {
                    deliverAll();
                } else {
                    deliver(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
                }
            }
            case "append" -> node(Integer.parseInt(words[1])).append(now, Integer.parseInt(words[2]), false);
            case "buffer" -> node(Integer.parseInt(words[1])).append(now, Integer.parseInt(words[2]), true);
            case "flush" -> node(Integer.parseInt(words[1])).flush(now);
            case "readindex" ->
                node(Integer.parseInt(words[1])).step(now, new Event.ReadIndex(Long.parseLong(words[2])));
            case "force" -> {
                var survivors = new ArrayList<Integer>();
                for (var i = 2; i < words.length; i++) {
                    survivors.add(Integer.parseInt(words[i]));
                }
                var node = node(Integer.parseInt(words[1]));
                node.step(
                        now,
                        new Event.ForceRecovery(
                                1,
                                new ForcedRecovery.Request(
                                        CoreNode.CLUSTER,
                                        new UUID(9, 9),
                                        survivors,
                                        node.end().lsn())));
            }
            case "crash" -> node(Integer.parseInt(words[1])).crash(now);
            case "down" -> {
                down.add(Integer.parseInt(words[1]));
                node(Integer.parseInt(words[1])).crash(now);
            }
            case "up" -> {
                down.remove(Integer.parseInt(words[1]));
                node(Integer.parseInt(words[1])).crash(now);
            }
            case "cut" -> {
                cut.add(words[1] + " " + words[2]);
                cut.add(words[2] + " " + words[1]);
            }
            case "heal" -> cut.clear();
            default -> throw new IllegalArgumentException(String.join(" ", words));
        }
    }

    void deliverAll() {
        for (var round = 0; round < MAX_ROUNDS; round++) {
            var done = false;
            for (var node : nodes.values()) {
                if (!down.contains(node.id)) {
                    node.durable(now);
                    node.flush(now);
                }
            }
            for (var from : nodes.values()) {
                for (var to : nodes.values()) {
                    done |= deliver(from.id, to.id);
                }
            }
            if (!done) {
                return;
            }
        }
        throw new AssertionError("the conversation does not end");
    }

    private boolean deliver(int from, int to) {
        var sender = node(from);
        var under = new ArrayList<Effect.Send>();
        for (Iterator<Effect.Send> each = sender.outbox.iterator(); each.hasNext(); ) {
            var send = each.next();
            if (send.to() == to) {
                each.remove();
                under.add(send);
            }
        }
        for (var send : under) {
            if (!cut.contains(from + " " + to) && !down.contains(to) && !down.contains(from)) {
                node(to).trace.add("%s -> %s %s".formatted(from, to, text(send.message())));
                collect(node(to));
                node(to).step(now, received(sender, node(to), send.message()));
                collect(node(to));
            }
        }
        return !under.isEmpty();
    }

    private static Event received(CoreNode sender, CoreNode receiver, Message message) {
        var theirs = sender.core.hardState().historyId();
        var mine = receiver.core.hardState().historyId();
        return theirs == null || mine == null || theirs.equals(mine)
                ? new Event.Received(sender.id, CoreNode.member(sender.id).storageId(), sender.incarnation(), message)
                : new Event.ReceivedFromHistory(theirs, sender.id, message);
    }

    private void collect() {
        nodes.values().forEach(this::collect);
    }

    private void collect(CoreNode node) {
        lines.addAll(node.trace);
        node.trace.clear();
    }

    // Text: short enough that a reviewer reads it

    static String text(Effect effect) {
        return switch (effect) {
            case Effect.Send(int to, Message message) -> "sends %s %s".formatted(to, text(message));
            case Effect.Persist(long version, HardState hard) ->
                "persists #%s promise %s to %s/%s%s%s"
                        .formatted(
                                version,
                                hard.promisedEpoch(),
                                hard.promisedNode(),
                                hard.promisedIncarnation(),
                                hard.dirty() ? ", dirty" : "",
                                standing(hard));
            case Effect.Ship ship -> "ships %s from %s".formatted(ship.to(), ship.previous());
            default -> effect.toString();
        };
    }

    private static String text(Message message) {
        return switch (message) {
            case Message.Invite(UUID _, UUID history, var former, LoggedConfiguration logged) ->
                "Invite[history=%s, former=%s, configuration=%s, voters=%s, learners=%s]"
                        .formatted(
                                history,
                                former,
                                logged.configuration().id(),
                                nodes(logged.configuration().voters()),
                                nodes(logged.configuration().learners()));
            case Message.PreVoteReply reply ->
                "PreVoteReply[epoch=%s, granted=%s, promisedEpoch=%s, end=%s, configuration=%s]"
                        .formatted(
                                reply.epoch(),
                                reply.granted(),
                                reply.promisedEpoch(),
                                reply.end(),
                                reply.configuration().configuration().id());
            case Message.Promise promise ->
                "Promise[epoch=%s, %s, end=%s, quorumFlushed=%s]"
                        .formatted(promise.epoch(), promise.integrity(), promise.end(), promise.quorumFlushed());
            case Message.Join join ->
                "Join[epoch=%s, %s, end=%s, epochs=%s]"
                        .formatted(
                                join.epoch(),
                                join.integrity(),
                                join.end(),
                                join.lineage().stream().map(EpochStart::epoch).toList());
            case Message.Replicate replicate ->
                "Replicate[epoch=%s, previous=%s, entries=%s, quorumFlushed=%s]"
                        .formatted(
                                replicate.epoch(),
                                replicate.previous(),
                                Wire.entries(replicate.entries()).size(),
                                replicate.view().quorumFlushed());
            case Message.Heartbeat heartbeat ->
                "Heartbeat[epoch=%s, sent=%s, quorumReceived=%s, quorumFlushed=%s]"
                        .formatted(
                                heartbeat.epoch(),
                                heartbeat.sentLsn(),
                                heartbeat.view().quorumReceived(),
                                heartbeat.view().quorumFlushed());
            case Message.Acknowledge ack ->
                "Acknowledge[epoch=%s, %s, appended=%s, received=%s, flushed=%s]"
                        .formatted(
                                ack.epoch(), ack.integrity(), ack.appendedLsn(), ack.receivedLsn(), ack.flushedLsn());
            default -> message.toString();
        };
    }

    private static List<Integer> nodes(List<Member> members) {
        return members.stream().map(Member::nodeId).toList();
    }

    private static String standing(HardState hard) {
        var standing = hard.standing();
        return standing.formerHistories().isEmpty() && standing.eviction() == Eviction.NONE
                ? ""
                : ", history %s after %s%s%s"
                        .formatted(
                                hard.historyId(),
                                standing.formerHistories(),
                                standing.forced() ? ", forced" : standing.entered() ? ", entered" : "",
                                standing.eviction() == Eviction.NONE ? "" : ", evicted: " + standing.eviction());
    }
}

package io.taffrail.replication.protocol;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Who votes and who learns; both lists in the order of node ids, so that no iteration depends on how it came
/// about.
public record Configuration(long id, List<Member> voters, List<Member> learners) {
    public Configuration {
        voters = sorted(voters);
        learners = sorted(learners);
    }

    private static List<Member> sorted(List<Member> members) {
        var copy = new ArrayList<>(members);
        copy.sort(Comparator.comparingInt(Member::nodeId));
        return List.copyOf(copy);
    }

    public int majority() {
        return voters.size() / 2 + 1;
    }

    public @Nullable Member voter(int nodeId) {
        return find(voters, nodeId);
    }

    public @Nullable Member learner(int nodeId) {
        return find(learners, nodeId);
    }

    public @Nullable Member member(int nodeId) {
        var voter = voter(nodeId);
        return voter != null ? voter : learner(nodeId);
    }

    /// Whether this very replica, with this very storage, votes (I13).
    public boolean isVoter(int nodeId, UUID storageId) {
        var voter = voter(nodeId);
        return voter != null && voter.storageId().equals(storageId);
    }

    public List<Member> members() {
        var all = new ArrayList<>(voters);
        all.addAll(learners);
        return sorted(all);
    }

    private static @Nullable Member find(List<Member> members, int nodeId) {
        for (var member : members) {
            if (member.nodeId() == nodeId) {
                return member;
            }
        }
        return null;
    }
}

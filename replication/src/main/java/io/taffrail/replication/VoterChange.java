package io.taffrail.replication;

public sealed interface VoterChange {
    record AddLearner(Peer learner) implements VoterChange {}

    record PromoteLearner(int nodeId) implements VoterChange {}

    record RemoveVoter(int nodeId) implements VoterChange {}

    record RemoveLearner(int nodeId) implements VoterChange {}
}

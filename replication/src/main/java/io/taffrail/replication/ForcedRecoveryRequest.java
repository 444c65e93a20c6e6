package io.taffrail.replication;

import java.util.List;
import java.util.UUID;

/// @param clusterId typed by a person who accepts the loss
/// @param requestId random; the same again is the same request
/// @param survivors node ids of the voters that go on
/// @param expectedLastLsn as the plan said
public record ForcedRecoveryRequest(UUID clusterId, UUID requestId, List<Integer> survivors, long expectedLastLsn) {}

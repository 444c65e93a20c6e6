package io.taffrail.replication.protocol;

/// @param endLsn behind the CONFIG entry that holds it; 0: given at bootstrap
public record LoggedConfiguration(long endLsn, Configuration configuration) {}

package io.taffrail.client;

import io.taffrail.proto.log.Acknowledgement;

/// One record is in the log, at least as safely as was asked.
///
/// @param offset the record's
/// @param acknowledgement of the whole batch
public record AppendReceipt(long offset, Acknowledgement acknowledgement) {}

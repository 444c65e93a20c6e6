package io.taffrail.service.api;

/// @param batchBytes most bytes of encoded records in one request
/// @param batchRecords most records in one request
/// @param recordBytes most bytes of one encoded record
public record AppendLimits(int batchBytes, int batchRecords, int recordBytes) {}

package io.taffrail.streams;

public record CursorView(String stream, String cursor, long offset, long committedMillis) {}

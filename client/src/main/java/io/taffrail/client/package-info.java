/// The Java client. Open [LogClient] first: it makes an [Appender] or a [Reader] for one stream, and holds the
/// calls that manage streams, cursors and replicas.
@NullMarked
package io.taffrail.client;

import org.jspecify.annotations.NullMarked;

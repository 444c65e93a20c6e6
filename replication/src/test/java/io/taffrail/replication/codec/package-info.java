@NullMarked
package io.taffrail.replication.codec;

import org.jspecify.annotations.NullMarked;

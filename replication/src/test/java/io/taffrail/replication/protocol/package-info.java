@NullMarked
package io.taffrail.replication.protocol;

import org.jspecify.annotations.NullMarked;

@NullMarked
package io.taffrail.replication;

import org.jspecify.annotations.NullMarked;

/// What the outside must provide.
@NullMarked
package io.taffrail.replication.port;

import org.jspecify.annotations.NullMarked;

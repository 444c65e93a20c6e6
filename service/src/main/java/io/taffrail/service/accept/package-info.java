/// Which connections are let in, before anybody has read a byte of them. Start at
/// [io.taffrail.service.accept.PortLimit].
@NullMarked
package io.taffrail.service.accept;

import org.jspecify.annotations.NullMarked;

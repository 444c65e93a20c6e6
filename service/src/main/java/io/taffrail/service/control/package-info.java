/// `taffrail.control.v1.Control`: the operator's and the command line's door.
@NullMarked
package io.taffrail.service.control;

import org.jspecify.annotations.NullMarked;

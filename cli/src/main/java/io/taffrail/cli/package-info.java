/// The command line. Open [Taffrail] first: it holds the commands and what every one of them does with an error.
@NullMarked
package io.taffrail.cli;

import org.jspecify.annotations.NullMarked;

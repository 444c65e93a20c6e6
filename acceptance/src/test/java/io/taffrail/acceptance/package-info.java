/// Starts the packaged programs as processes. [ServiceProcess] is the service, [CommandLine] the command line.
@NullMarked
package io.taffrail.acceptance;

import org.jspecify.annotations.NullMarked;

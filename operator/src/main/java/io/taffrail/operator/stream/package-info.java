/// The streams of a cluster: [StreamPlanner] decides, [StreamCalls] asks the leader.
@NullMarked
package io.taffrail.operator.stream;

import org.jspecify.annotations.NullMarked;

/// What to do next, a pure function of what was asked for, what was seen and the time. Open [ClusterPlanner] first.
@NullMarked
package io.taffrail.operator.plan;

import org.jspecify.annotations.NullMarked;

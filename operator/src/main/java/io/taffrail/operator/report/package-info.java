/// What is said of a cluster: its status as a function of what was seen, planned and done. Open [ClusterReport] first.
@NullMarked
package io.taffrail.operator.report;

import org.jspecify.annotations.NullMarked;

/// The operator: [LogClusterReconciler] and [LogStreamReconciler] run the phases observe, plan, apply, report.
@NullMarked
package io.taffrail.operator;

import org.jspecify.annotations.NullMarked;

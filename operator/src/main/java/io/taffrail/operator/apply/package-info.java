/// Performs a plan's actions, one Kubernetes or control call each. Open [ActionApplier] first.
@NullMarked
package io.taffrail.operator.apply;

import org.jspecify.annotations.NullMarked;

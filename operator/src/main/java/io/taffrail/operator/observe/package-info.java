/// What stands in Kubernetes and what the replicas say, read and never changed. Open [ClusterObserver] first.
@NullMarked
package io.taffrail.operator.observe;

import org.jspecify.annotations.NullMarked;

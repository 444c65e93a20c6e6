/// The Kubernetes objects of a cluster, built from its spec alone. Open [ClusterResources] first.
@NullMarked
package io.taffrail.operator.resource;

import org.jspecify.annotations.NullMarked;

/// The custom resources as Java records; the definitions in the chart are generated from them.
/// Begin with [LogClusterSpec].
@NullMarked
package io.taffrail.operator.crd;

import org.jspecify.annotations.NullMarked;

/// JMH benchmarks of the engine's parts. The load generator is in `engine`.
@NullMarked
package io.taffrail.bench;

import org.jspecify.annotations.NullMarked;

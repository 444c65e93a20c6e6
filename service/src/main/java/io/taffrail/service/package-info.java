/// The process. Start at [io.taffrail.service.ServiceMain], then [io.taffrail.service.ServiceWiring], the one place
/// that starts threads.
@NullMarked
package io.taffrail.service;

import org.jspecify.annotations.NullMarked;
